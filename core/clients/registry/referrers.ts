import { mediaTypes, type Descriptor, type ManifestContent } from '../../model/descriptor.ts';
import { algorithmOf, digestOf, hexOf, type Digest } from '../../model/digest.ts';
import { DeliveryError } from '../../model/errors.ts';
import { parseIndex } from '../../model/manifest-document.ts';
import { headerOf } from '../http/message.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { nextLink } from './link.ts';
import type { Manifests } from './manifests.ts';
import type { ReferrerOptions } from './registry.ts';
import { pullScope } from './scope.ts';

const listLimit = 16 * 1024 * 1024;

/** The tag under which registries without the referrers API keep the list (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(subject: Digest): string {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`;
}

/** What was attached to a manifest: signatures, bills of materials, attestations. */
export class Referrers {
  readonly #endpoint: RegistryEndpoint;
  readonly #manifests: Manifests;
  /** Undefined until the registry has shown whether it has the API. */
  #hasApi: boolean | undefined;
  #probe: Promise<void> | undefined;

  constructor(endpoint: RegistryEndpoint, manifests: Manifests) {
    this.#endpoint = endpoint;
    this.#manifests = manifests;
  }

  /** Undefined as long as the registry was not asked. */
  get hasApi(): boolean | undefined {
    return this.#hasApi;
  }

  /**
   * The referrers of a manifest, by the API or else by the tag schema.
   * @param tags all tags of the repository, when they are known: spares asking for a list that is not there
   */
  async of(
    path: string,
    subject: Digest,
    options: {
      readonly tags?: ReadonlySet<string> | undefined;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<readonly Descriptor[]> {
    const listed = await this.#byApi(path, subject, options.signal);
    if (listed !== undefined) return listed;
    const tag = referrersTag(subject);
    if (options.tags !== undefined && !options.tags.has(tag)) return [];
    return (await this.#byTag(path, subject, options.signal)) ?? [];
  }

  /**
   * Adds referrers to the list under the subject's tag, for registries that do not keep it by themselves. Others may do
   * the same at the same time: the list is read back, and written again when an entry was lost.
   * A registry that was seen to have the API keeps its lists itself, and is left to it.
   * @param options the repository's tags spare reading a list that cannot be there yet
   */
  async addByTag(
    path: string,
    subject: Digest,
    referrers: readonly Descriptor[],
    options: ReferrerOptions = {},
  ): Promise<'listed' | 'left to the registry'> {
    const { tags, signal } = options;
    if (this.#hasApi === true) return 'left to the registry';
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const isNew = attempt === 0 && tags?.has(referrersTag(subject)) === false;
      const present = isNew ? [] : ((await this.#byTag(path, subject, signal)) ?? []);
      const known = new Set(present.map((entry) => entry.digest));
      const added = referrers.filter((entry) => !known.has(entry.digest));
      if (added.length === 0) return 'listed';
      await this.#manifests.put(path, referrersTag(subject), indexOf([...present, ...added]), signal);
    }
    throw new DeliveryError(
      'PromotionIncomplete',
      `the list of referrers ${path}:${referrersTag(subject)} on ${this.#endpoint.host} keeps being overwritten`,
      { hint: 'Another pipeline writes it at the same time. Run this stage again.' },
    );
  }

  /** The first question finds out whether there is an API; those that come meanwhile wait for that. */
  async #byApi(
    path: string,
    subject: Digest,
    signal: AbortSignal | undefined,
  ): Promise<readonly Descriptor[] | undefined> {
    if (this.#hasApi === undefined && this.#probe === undefined) {
      const first = this.#ask(path, subject, signal);
      this.#probe = first.then(settle, settle);
      return first;
    }
    await this.#probe;
    return this.#hasApi === false ? undefined : this.#ask(path, subject, signal);
  }

  async #byTag(
    path: string,
    subject: Digest,
    signal: AbortSignal | undefined,
  ): Promise<readonly Descriptor[] | undefined> {
    const tag = referrersTag(subject);
    const content = await this.#manifests.get(path, tag, signal);
    // Something else under that name is not a list of referrers, and is not ours to judge.
    if (content?.descriptor.mediaType !== mediaTypes.ociIndex) return undefined;
    return parseIndex(content.bytes, `${path}:${tag}`);
  }

  async #ask(
    path: string,
    subject: Digest,
    signal: AbortSignal | undefined,
  ): Promise<readonly Descriptor[] | undefined> {
    const found: Descriptor[] = [];
    let target: string | undefined = `/v2/${path}/referrers/${subject}`;
    while (target !== undefined) {
      const response = await this.#endpoint.fetch({
        method: 'GET',
        target,
        scopes: [pullScope(path)],
        headers: { accept: mediaTypes.ociIndex },
        limit: listLimit,
        signal,
      });
      // 404 is how a registry says that it has no such API; older ones do not know the path at all.
      if ([400, 404, 405, 501].includes(response.status)) {
        this.#hasApi = false;
        return undefined;
      }
      if (response.status !== 200) {
        throw this.#endpoint.refusal(`list the referrers of ${path}@${subject}`, response);
      }
      this.#hasApi = true;
      found.push(...parseIndex(response.bytes, `the referrers of ${path}@${subject}`));
      target = nextLink(headerOf(response, 'link'));
    }
    return found;
  }
}

function settle(): void {
  // The outcome is the caller's that asked; the others only wait for it.
}

function indexOf(manifests: readonly Descriptor[]): ManifestContent {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: manifests.map(({ platform: _platform, urls: _urls, ...entry }) => entry),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return {
    descriptor: { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
}
