import type { Descriptor, ManifestContent } from '../../model/descriptor.ts';
import type { Digest } from '../../model/digest.ts';
import type { ImageGraph } from '../../model/image-graph.ts';
import type { BlobArrival } from './blobs.ts';
import type { BlobSource } from './blob-source.ts';
import type { PutResult } from './manifests.ts';

export interface TagList {
  readonly tags: readonly string[];
  /** False when there are more than were asked for. */
  readonly isComplete: boolean;
}

export interface ReferrerOptions {
  /** All tags of the repository, when they are known. */
  readonly tags?: ReadonlySet<string> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TakeOptions {
  /** A repository of the same registry that has the blob. */
  readonly mountFrom?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads what one registry holds. Paths are repositories of it; a `reference` is a tag or a digest. */
export interface RegistryReader {
  readonly host: string;
  /** What the reference stands for right now; undefined when there is no such manifest. */
  resolve(path: string, reference: string, signal?: AbortSignal): Promise<Descriptor | undefined>;
  /** The manifest, its bytes hashed on arrival. */
  manifest(path: string, reference: string, signal?: AbortSignal): Promise<ManifestContent | undefined>;
  /** Everything below a manifest; undefined when the registry does not have the manifest itself. */
  image(path: string, digest: Digest, signal?: AbortSignal): Promise<ImageGraph | undefined>;
  /** Undefined when there is no such repository, or none that has a tag. */
  tags(path: string, pages?: number, signal?: AbortSignal): Promise<TagList | undefined>;
  referrers(path: string, subject: Digest, options?: ReferrerOptions): Promise<readonly Descriptor[]>;
  hasBlob(path: string, blob: Descriptor, signal?: AbortSignal): Promise<boolean>;
  /** A small blob, hashed. */
  blobBytes(path: string, blob: Descriptor, limit: number, signal?: AbortSignal): Promise<Buffer>;
  blobSource(path: string, blob: Descriptor, signal?: AbortSignal): BlobSource;
}

/** Writes to one registry too. */
export interface Registry extends RegistryReader {
  /** Mounts the blob, or else carries it over from the source. */
  takeBlob(path: string, blob: Descriptor, source: BlobSource, options?: TakeOptions): Promise<BlobArrival>;
  putBlob(path: string, blob: Descriptor, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  putManifest(
    path: string,
    reference: string,
    content: ManifestContent,
    signal?: AbortSignal,
  ): Promise<PutResult>;
  /** For registries that keep no list of referrers themselves: adds them to the list under the subject's tag. */
  addReferrers(
    path: string,
    subject: Digest,
    referrers: readonly Descriptor[],
    options?: ReferrerOptions,
  ): Promise<'listed' | 'left to the registry'>;
}
