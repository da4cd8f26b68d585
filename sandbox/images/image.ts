import { blobOf, descriptorOf, documentOf, type Blob, type Descriptor } from './blob.ts';
import type { Layer } from './layer.ts';

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  empty: 'application/vnd.oci.empty.v1+json',
} as const;

/** What a container of the image runs (OCI image specification, "Image Configuration", `config`). */
export interface RunConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
}

export interface PlatformRequest {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly layers: readonly Layer[];
  /** Over the image's own. */
  readonly config?: RunConfig;
}

export interface ImageRequest {
  readonly platforms: readonly PlatformRequest[];
  readonly config?: RunConfig;
  /** On every platform's configuration. */
  readonly labels?: Readonly<Record<string, string>>;
  /** On the index. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** When the image says it was made; the epoch when left out, so that equal images have equal digests. */
  readonly created?: Date;
  /** One platform alone then gives a plain manifest instead of an index. */
  readonly single?: boolean;
}

/** Something that can be pushed: manifests with the root last, and the blobs they need. */
export interface Image {
  /** The root's. */
  readonly digest: string;
  readonly root: Blob;
  /** Children first. */
  readonly manifests: readonly Blob[];
  readonly blobs: ReadonlyMap<string, Blob>;
  /** `os/architecture[/variant]` to the digest of its manifest. */
  readonly platforms: ReadonlyMap<string, string>;
}

/** Makes an image of one or more platforms, without any container engine. */
export function buildImage(request: ImageRequest): Image {
  const blobs = new Map<string, Blob>();
  const manifests: Blob[] = [];
  const platforms = new Map<string, string>();
  const children: unknown[] = [];
  for (const platform of request.platforms) {
    const config = configOf(request, platform);
    for (const blob of [config, ...platform.layers]) blobs.set(blob.digest, blob);
    const manifest = documentOf(mediaTypes.manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(config),
      layers: platform.layers.map(descriptorOf),
      ...(request.single === true && request.annotations !== undefined
        ? { annotations: request.annotations }
        : {}),
    });
    manifests.push(manifest);
    platforms.set(platformName(platform), manifest.digest);
    children.push({ ...descriptorOf(manifest), platform: platformOf(platform) });
  }
  const [only] = manifests;
  if (request.single === true && only !== undefined) {
    return { digest: only.digest, root: only, manifests, blobs, platforms };
  }
  const index = documentOf(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: children,
    ...(request.annotations === undefined ? {} : { annotations: request.annotations }),
  });
  return { digest: index.digest, root: index, manifests: [...manifests, index], blobs, platforms };
}

export interface ArtifactRequest {
  readonly artifactType: string;
  /** What it is about: it is then a referrer of that. */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Content by media type; none makes an artifact without layers. */
  readonly contents?: readonly { readonly mediaType: string; readonly content: string | Uint8Array }[];
}

/** Makes an artifact: a signature, an SBOM, an attestation (OCI image specification, "Guidelines for Artifact Usage"). */
export function buildArtifact(request: ArtifactRequest): Image {
  const empty = blobOf(mediaTypes.empty, '{}');
  const contents = (request.contents ?? []).map(({ mediaType, content }) => blobOf(mediaType, content));
  const layers = contents.length === 0 ? [empty] : contents;
  const root = documentOf(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: request.artifactType,
    config: descriptorOf(empty),
    layers: layers.map(descriptorOf),
    ...(request.subject === undefined ? {} : { subject: descriptorOf(request.subject) }),
    ...(request.annotations === undefined ? {} : { annotations: request.annotations }),
  });
  const blobs = new Map([empty, ...layers].map((blob) => [blob.digest, blob]));
  return { digest: root.digest, root, manifests: [root], blobs, platforms: new Map() };
}

function configOf(request: ImageRequest, platform: PlatformRequest): Blob {
  const created = (request.created ?? new Date(0)).toISOString();
  return documentOf(mediaTypes.config, {
    created,
    ...platformOf(platform),
    config: {
      ...request.config,
      ...platform.config,
      ...(request.labels === undefined ? {} : { Labels: request.labels }),
    },
    rootfs: { type: 'layers', diff_ids: platform.layers.map(({ diffId }) => diffId) },
    history: platform.layers.map(() => ({ created, created_by: 'sandbox/images' })),
  });
}

function platformOf({ os, architecture, variant }: PlatformRequest): Record<string, string> {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

function platformName({ os, architecture, variant }: PlatformRequest): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
