import type { Descriptor } from '../../model/descriptor.ts';
import { digestOf, matchesDigest, shortDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { headerOf } from '../http/message.ts';
import { BlobSource } from './blob-source.ts';
import { BlobUpload, type UploadHabits, type UploadSession } from './blob-upload.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { pullScope, pushScope } from './scope.ts';

/** How a blob came to be in its repository. */
export interface BlobArrival {
  readonly how: 'mounted' | 'moved';
  /** What was sent, in bytes; zero for what was mounted. */
  readonly bytes: number;
}

/** Layers, configurations and everything else that a manifest lists. */
export class Blobs {
  readonly #endpoint: RegistryEndpoint;
  readonly #habits: UploadHabits = { chunk: undefined };

  constructor(endpoint: RegistryEndpoint) {
    this.#endpoint = endpoint;
  }

  async has(path: string, blob: Descriptor, signal?: AbortSignal): Promise<boolean> {
    const response = await this.#endpoint.fetch({
      method: 'HEAD',
      target: `/v2/${path}/blobs/${blob.digest}`,
      scopes: [pullScope(path)],
      signal,
    });
    if (response.status === 404) return false;
    if (response.status !== 200) {
      throw this.#endpoint.refusal(`look for the blob ${path}@${shortDigest(blob.digest)}`, response);
    }
    const length = headerOf(response, 'content-length');
    // A blob that was stored damaged is no blob: the upload that follows puts it right or says why not.
    return length === undefined || Number(length) === blob.size;
  }

  /**
   * A small blob as a whole, hashed.
   * @param limit in bytes
   */
  async bytes(path: string, blob: Descriptor, limit: number, signal?: AbortSignal): Promise<Buffer> {
    const name = `${this.#endpoint.host}/${path}@${shortDigest(blob.digest)}`;
    const response = await this.#endpoint.fetch({
      method: 'GET',
      target: `/v2/${path}/blobs/${blob.digest}`,
      scopes: [pullScope(path)],
      limit,
      signal,
    });
    if (response.status === 404) {
      throw new DeliveryError(
        'ImageNotFound',
        `${name} is listed by its image, but the registry does not have it`,
        {
          hint: 'The image is incomplete in the registry: push it again.',
        },
      );
    }
    if (response.status !== 200) throw this.#endpoint.refusal(`read the blob ${name}`, response);
    if (!matchesDigest(response.bytes, blob.digest)) {
      throw new DeliveryError(
        'DigestMismatch',
        `${name} arrived with the digest ${shortDigest(digestOf(response.bytes))}`,
        {
          hint: 'The blob is damaged in the registry or on the way.',
        },
      );
    }
    return response.bytes;
  }

  source(path: string, blob: Descriptor, signal?: AbortSignal): BlobSource {
    return new BlobSource(this.#endpoint, path, blob, signal);
  }

  /**
   * Makes the blob part of the repository: by mounting it from a neighbour when that has it, or else by sending it.
   * @param mountFrom a repository of this registry
   */
  async take(
    path: string,
    blob: Descriptor,
    source: BlobSource,
    options: { readonly mountFrom?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<BlobArrival> {
    const { mountFrom, signal } = options;
    let session: UploadSession | undefined;
    if (mountFrom !== undefined) {
      session = await this.#mount(path, blob.digest, mountFrom, signal);
      if (session === undefined) return { how: 'mounted', bytes: 0 };
    }
    const begin = (): Promise<UploadSession> => this.#begin(path, signal);
    const preparation = source.prepare();
    // Asked together: neither waits for the other's round trip.
    const [begun] = await Promise.all([session ?? begin(), preparation]).catch((error: unknown) => {
      source.close();
      throw error;
    });
    const { endpoint, habits } = { endpoint: this.#endpoint, habits: this.#habits };
    const upload = new BlobUpload(begun, { endpoint, path, blob, source, habits, begin, signal });
    return { how: 'moved', bytes: await upload.run() };
  }

  /** Sends a blob that is at hand. */
  async put(path: string, blob: Descriptor, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const session = await this.#mount(path, blob.digest, path, signal);
    if (session === undefined) return;
    const target = new URL(session.location);
    target.searchParams.set('digest', blob.digest);
    const response = await this.#endpoint.fetch({
      method: 'PUT',
      target,
      scopes: [pushScope(path)],
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      signal,
    });
    if (response.status !== 201 && response.status !== 200 && response.status !== 204) {
      throw this.#endpoint.refusal(`take the blob ${path}@${shortDigest(blob.digest)}`, response);
    }
  }

  /** Undefined when it is mounted; otherwise the upload that the registry began in its place. */
  async #mount(
    path: string,
    digest: Digest,
    from: string,
    signal: AbortSignal | undefined,
  ): Promise<UploadSession | undefined> {
    const query = new URLSearchParams({ mount: digest, from });
    const response = await this.#endpoint.fetch({
      method: 'POST',
      target: `/v2/${path}/blobs/uploads/?${query.toString()}`,
      scopes: [pushScope(path), ...(from === path ? [] : [pullScope(from)])],
      signal,
    });
    if (response.status === 201) return undefined;
    if (response.status === 202) return this.#session(response, path);
    // Not every registry mounts, and the identity need not be allowed to read the neighbour: sending always works.
    return this.#begin(path, signal);
  }

  async #begin(path: string, signal: AbortSignal | undefined): Promise<UploadSession> {
    const response = await this.#endpoint.fetch({
      method: 'POST',
      target: `/v2/${path}/blobs/uploads/`,
      scopes: [pushScope(path)],
      signal,
    });
    if (response.status !== 202) throw this.#endpoint.refusal(`begin an upload to ${path}`, response);
    return this.#session(response, path);
  }

  #session(response: Parameters<typeof headerOf>[0], path: string): UploadSession {
    const location = headerOf(response, 'location');
    if (location === undefined || !URL.canParse(location, this.#endpoint.origin.toString())) {
      throw new DeliveryError(
        'RemoteError',
        `${this.#endpoint.host} began an upload to ${path} without saying where`,
      );
    }
    const smallest = Number(headerOf(response, 'oci-chunk-min-length') ?? 0);
    return {
      location: new URL(location, this.#endpoint.origin),
      smallestChunk: Number.isSafeInteger(smallest) ? smallest : 0,
    };
  }
}
