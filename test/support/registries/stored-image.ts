import { createHash, randomBytes } from 'node:crypto';

/** Bytes with the media type and digest under which a registry keeps them. */
export interface Stored {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
  readonly artifactType?: string;
  /** Where else it can be had: for layers that no registry keeps. */
  readonly urls?: readonly string[];
}

export const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** An image, an index or an artifact with all that it needs: manifests children first, the root last. */
export interface StoredImage {
  readonly root: Stored;
  readonly manifests: readonly Stored[];
  readonly blobs: readonly Stored[];
}

export function stored(mediaType: string, bytes: Buffer, algorithm: 'sha256' | 'sha512' = 'sha256'): Stored {
  return { mediaType, bytes, digest: `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` };
}

export function randomLayer(size: number, algorithm: 'sha256' | 'sha512' = 'sha256'): Stored {
  return stored(types.layer, randomBytes(size), algorithm);
}

export interface ImageParts {
  readonly layers: readonly Stored[];
  readonly architecture?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly created?: string;
  readonly subject?: Stored;
  readonly algorithm?: 'sha256' | 'sha512';
}

export function imageOf(parts: ImageParts): StoredImage {
  const config = document(types.config, {
    os: 'linux',
    architecture: parts.architecture ?? 'amd64',
    created: parts.created ?? '2026-01-01T00:00:00Z',
    config: { Labels: parts.labels ?? {} },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const root = document(
    types.manifest,
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(config),
      layers: parts.layers.map(descriptor),
      ...(parts.subject === undefined ? {} : { subject: descriptor(parts.subject) }),
    },
    parts.algorithm,
  );
  return { root, manifests: [root], blobs: [config, ...parts.layers] };
}

export function indexOf(
  children: readonly { readonly image: StoredImage; readonly platform?: object }[],
  more: object = {},
): StoredImage {
  const root = document(types.index, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: children.map(({ image, platform }) => ({
      ...descriptor(image.root),
      ...(platform === undefined ? {} : { platform }),
    })),
    ...more,
  });
  return {
    root,
    manifests: [...children.flatMap(({ image }) => image.manifests), root],
    blobs: children.flatMap(({ image }) => image.blobs),
  };
}

/** Something attached to a subject, as `oras attach` writes it. */
export function artifactOf(
  artifactType: string,
  content: Buffer,
  subject?: Stored,
  annotations: Readonly<Record<string, string>> = {},
): StoredImage {
  const config = stored(types.empty, Buffer.from('{}'));
  const layer = stored(artifactType, content);
  const root = document(types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    artifactType,
    config: descriptor(config),
    layers: [descriptor(layer)],
    ...(subject === undefined ? {} : { subject: descriptor(subject) }),
    annotations,
  });
  return { root: { ...root, artifactType }, manifests: [root], blobs: [config, layer] };
}

export function document(mediaType: string, value: object, algorithm?: 'sha256' | 'sha512'): Stored {
  return stored(mediaType, Buffer.from(JSON.stringify(value)), algorithm);
}

export function descriptor(entry: Stored): object {
  return {
    mediaType: entry.mediaType,
    digest: entry.digest,
    size: entry.bytes.length,
    ...(entry.artifactType === undefined ? {} : { artifactType: entry.artifactType }),
    ...(entry.urls === undefined ? {} : { urls: entry.urls }),
  };
}
