import {
  isIndex,
  isManifest,
  mediaTypes,
  type Descriptor,
  type ManifestContent,
  type Platform,
} from './descriptor.ts';
import { parseDigest, shortDigest, type Digest } from './digest.ts';
import { DeliveryError } from './errors.ts';
import { defined, Reader } from './json.ts';

/** What a manifest points at (image-spec, manifest.md and image-index.md). */
export type ManifestDocument = IndexDocument | ImageDocument | ArtifactDocument;

interface Common {
  readonly artifactType?: string;
  /** What this manifest is about: it then is a referrer. */
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface IndexDocument extends Common {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

export interface ImageDocument extends Common {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** The artifact manifest that image-spec 1.1 withdrew and some tools have written (`vnd.oci.artifact.manifest.v1`). */
export interface ArtifactDocument extends Common {
  readonly kind: 'artifact';
  readonly blobs: readonly Descriptor[];
}

const ociArtifact = 'application/vnd.oci.artifact.manifest.v1+json';

/** Everything that is asked for in `Accept`: what a registry cannot serve as one of these, it does not convert. */
export const acceptedManifests: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  ociArtifact,
];

/**
 * Whether an entry of an index is a manifest. Anything else that an index lists is kept in the registry as a blob
 * (build caches do so).
 */
export function isManifestLike(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType) || mediaType === ociArtifact;
}

/**
 * @param name how messages call the manifest
 * @throws DeliveryError `ManifestUnsupported` for Docker schema 1 and unknown types, `RemoteError` for what is not a manifest
 */
export function parseManifest(content: ManifestContent, name: string): ManifestDocument {
  const { mediaType } = content.descriptor;
  refuseUnsupported(mediaType, name);
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(content.bytes).toString('utf8'));
  } catch (error) {
    throw new DeliveryError('ManifestUnsupported', `${name} is not JSON`, { cause: error });
  }
  const reader = Reader.of(document, name, 'ManifestUnsupported');
  const common = defined({
    artifactType: reader.optionalText('artifactType'),
    subject: reader.optionalObject('subject', readDescriptor),
    annotations: reader.map('annotations'),
  });
  if (isIndex(mediaType)) {
    return { kind: 'index', ...common, manifests: reader.list('manifests', readDescriptor) };
  }
  if (mediaType === ociArtifact) {
    return { kind: 'artifact', ...common, blobs: reader.list('blobs', readDescriptor) };
  }
  return {
    kind: 'image',
    ...common,
    config: reader.object('config', readDescriptor),
    layers: reader.list('layers', readDescriptor),
  };
}

/** A listing of descriptors, as the referrers API and the referrers tag schema give it. */
export function parseIndex(bytes: Uint8Array, name: string): readonly Descriptor[] {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new DeliveryError('RemoteError', `${name} is not JSON`, { cause: error });
  }
  return Reader.of(document, name, 'RemoteError').list('manifests', readDescriptor);
}

/** The manifests that it lists. */
export function childrenOf(document: ManifestDocument): readonly Descriptor[] {
  return document.kind === 'index'
    ? document.manifests.filter((entry) => isManifestLike(entry.mediaType))
    : [];
}

/** The blobs that it lists, in order, non-distributable layers left out. */
export function blobsOf(document: ManifestDocument): readonly Descriptor[] {
  return allBlobsOf(document).filter((blob) => !isNonDistributable(blob));
}

/** The layers that stay where their publisher keeps them. */
export function nonDistributableOf(document: ManifestDocument): readonly Descriptor[] {
  return allBlobsOf(document).filter(isNonDistributable);
}

/** What kind of artifact a manifest is: its own word, or else its configuration's type (image-spec, manifest.md). */
export function artifactTypeOf(document: ManifestDocument): string | undefined {
  return document.artifactType ?? (document.kind === 'image' ? document.config.mediaType : undefined);
}

/** How a list of referrers shows one (distribution-spec, "Listing Referrers"). */
export function referrerEntry(content: ManifestContent, document: ManifestDocument): Descriptor {
  const { annotations } = document;
  return defined({
    ...content.descriptor,
    artifactType: artifactTypeOf(document),
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
  });
}

function allBlobsOf(document: ManifestDocument): readonly Descriptor[] {
  switch (document.kind) {
    case 'index':
      return document.manifests.filter((entry) => !isManifestLike(entry.mediaType));
    case 'image':
      return [document.config, ...document.layers];
    case 'artifact':
      return document.blobs;
  }
}

// image-spec, layer.md, "Non-Distributable Layers", and Docker's older name for the same.
function isNonDistributable(descriptor: Descriptor): boolean {
  return (
    descriptor.mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    descriptor.mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.')
  );
}

function refuseUnsupported(mediaType: string, name: string): void {
  if (mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed) {
    throw new DeliveryError('ManifestUnsupported', `${name} is a Docker schema 1 manifest`, {
      hint: 'Its digest does not cover its content as it is pulled. Build or push the image again with a current Docker or BuildKit.',
    });
  }
  if (!isManifestLike(mediaType)) {
    throw new DeliveryError('ManifestUnsupported', `${name} has the media type "${mediaType}"`, {
      hint: 'It must be an OCI or Docker image, image index or artifact.',
    });
  }
}

function readDescriptor(reader: Reader): Descriptor {
  const urls = reader.strings('urls');
  const annotations = reader.map('annotations');
  return defined({
    mediaType: reader.string('mediaType'),
    digest: reader.parsed('digest', parseDigest),
    size: reader.count('size'),
    artifactType: reader.optionalText('artifactType'),
    platform: reader.optionalObject('platform', readPlatform),
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
    urls: urls.length === 0 ? undefined : urls,
  });
}

function readPlatform(platform: Reader): Platform {
  return defined({
    os: platform.string('os'),
    architecture: platform.string('architecture'),
    variant: platform.optionalText('variant'),
    osVersion: platform.optionalText('os.version'),
  });
}

/** `shop/web@sha256:0123456789ab`: how messages call a manifest. */
export function manifestName(path: string, digest: Digest): string {
  return `${path}@${shortDigest(digest)}`;
}
