import type { Descriptor, ManifestContent } from '../../model/descriptor.ts';
import { algorithmOf, digestOf, isDigest, matchesDigest, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { acceptedManifests } from '../../model/manifest-document.ts';
import { headerOf, type CompleteResponse } from '../http/message.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { problemOf } from './registry-error.ts';
import { pullScope, pushScope } from './scope.ts';

// distribution-spec, "Pushing Manifests": registries should take 4 MiB; some take more.
const manifestLimit = 16 * 1024 * 1024;
const accept = acceptedManifests.join(', ');

/** What a registry says of a manifest it just took. */
export interface PutResult {
  /** It lists the manifest among its subject's referrers by itself (distribution-spec, "Pushing Manifests with Subject"). */
  readonly listsReferrer: boolean;
}

/** Manifests as bytes: hashed when they arrive, sent as they came. */
export class Manifests {
  readonly #endpoint: RegistryEndpoint;

  constructor(endpoint: RegistryEndpoint) {
    this.#endpoint = endpoint;
  }

  /** What the reference stands for right now; undefined when the registry has no such manifest. */
  async head(path: string, reference: string, signal?: AbortSignal): Promise<Descriptor | undefined> {
    const response = await this.#ask('HEAD', path, reference, signal);
    if (response.status === 404) return undefined;
    this.#requireOk(response, path, reference);
    const digest = headerOf(response, 'docker-content-digest');
    const size = Number(headerOf(response, 'content-length'));
    if (digest === undefined || !isDigest(digest) || !Number.isSafeInteger(size)) {
      return (await this.get(path, reference, signal))?.descriptor;
    }
    return { mediaType: mediaTypeOf(response) ?? 'application/octet-stream', digest, size };
  }

  /**
   * @param reference a tag or a digest
   * @throws DeliveryError `DigestMismatch` when the bytes are not what the digest, or the registry's own header, names
   */
  async get(path: string, reference: string, signal?: AbortSignal): Promise<ManifestContent | undefined> {
    const response = await this.#ask('GET', path, reference, signal);
    if (response.status === 404) return undefined;
    this.#requireOk(response, path, reference);
    const { bytes } = response;
    const said = headerOf(response, 'docker-content-digest');
    const claimed = said !== undefined && isDigest(said) ? said : undefined;
    const digest: Digest = isDigest(reference)
      ? reference
      : digestOf(bytes, claimed === undefined ? 'sha256' : algorithmOf(claimed));
    if (!matchesDigest(bytes, digest) || (claimed !== undefined && !matchesDigest(bytes, claimed))) {
      throw new DeliveryError(
        'DigestMismatch',
        `${this.#endpoint.host} answered ${path} ${reference} with bytes of another digest (${digestOf(bytes)})`,
        { hint: 'The manifest is damaged in the registry or on the way. Nothing was taken over.' },
      );
    }
    const mediaType = mediaTypeOf(response) ?? embeddedMediaType(bytes) ?? 'application/octet-stream';
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  /** @param reference a tag, or the manifest's own digest */
  async put(
    path: string,
    reference: string,
    content: ManifestContent,
    signal?: AbortSignal,
  ): Promise<PutResult> {
    const response = await this.#endpoint.fetch({
      method: 'PUT',
      target: `/v2/${path}/manifests/${reference}`,
      scopes: [pushScope(path)],
      headers: { 'content-type': content.descriptor.mediaType },
      body: content.bytes,
      signal,
    });
    if (response.status !== 201 && response.status !== 200 && response.status !== 202) {
      throw this.#endpoint.refusal(`take the manifest ${name(path, reference)}`, response);
    }
    const said = headerOf(response, 'docker-content-digest');
    if (said !== undefined && isDigest(said) && !matchesDigest(content.bytes, said)) {
      throw new DeliveryError(
        'DigestMismatch',
        `${this.#endpoint.host} took ${name(path, reference)} as ${said}, which is not what was sent`,
        { hint: 'Something between the agent and the registry rewrites manifests.' },
      );
    }
    return { listsReferrer: headerOf(response, 'oci-subject') !== undefined };
  }

  #ask(
    method: 'GET' | 'HEAD',
    path: string,
    reference: string,
    signal: AbortSignal | undefined,
  ): Promise<CompleteResponse> {
    return this.#endpoint.fetch({
      method,
      target: `/v2/${path}/manifests/${reference}`,
      scopes: [pullScope(path)],
      headers: { accept },
      limit: manifestLimit,
      signal,
    });
  }

  #requireOk(response: CompleteResponse, path: string, reference: string): void {
    if (response.status === 200) return;
    throw this.#endpoint.refusal(`read the manifest ${name(path, reference)}`, response);
  }
}

function name(path: string, reference: string): string {
  return `${path}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function mediaTypeOf(response: CompleteResponse): string | undefined {
  const type = headerOf(response, 'content-type')?.split(';')[0]?.trim();
  // Types that say nothing: some proxies put them where a registry left the field out.
  return type === undefined || type === '' || type === 'application/json' || type.startsWith('text/')
    ? undefined
    : type;
}

function embeddedMediaType(bytes: Uint8Array): string | undefined {
  const found = /"mediaType"\s*:\s*"([^"]+)"/.exec(Buffer.from(bytes).toString('utf8'));
  return found?.[1];
}

/** A 404 whose reason is that there is no such repository at all. */
export function isRepositoryUnknown(response: CompleteResponse): boolean {
  return response.status === 404 && problemOf(response.bytes).code === 'NAME_UNKNOWN';
}
