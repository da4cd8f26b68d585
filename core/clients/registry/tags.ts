import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import { headerOf } from '../http/message.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { nextLink } from './link.ts';
import { pullScope } from './scope.ts';

const pageSize = 1000;
const pageLimit = 8 * 1024 * 1024;

/** A repository's tags. */
export class Tags {
  readonly #endpoint: RegistryEndpoint;

  constructor(endpoint: RegistryEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * All tags, in the registry's order; undefined when there is no such repository, or none that has a tag.
   * @param most stop after so many pages of a thousand, and say so by `isComplete`
   */
  async list(
    path: string,
    most = 1000,
    signal?: AbortSignal,
  ): Promise<{ readonly tags: readonly string[]; readonly isComplete: boolean } | undefined> {
    const tags: string[] = [];
    let target: string | undefined = `/v2/${path}/tags/list?n=${pageSize}`;
    for (let page = 0; target !== undefined; page += 1) {
      if (page >= most) return { tags, isComplete: false };
      const response = await this.#endpoint.fetch({
        method: 'GET',
        target,
        scopes: [pullScope(path)],
        limit: pageLimit,
        signal,
      });
      if (response.status === 404) return undefined;
      if (response.status !== 200) throw this.#endpoint.refusal(`list the tags of ${path}`, response);
      tags.push(...readTags(response.bytes, this.#endpoint.host));
      target = nextLink(headerOf(response, 'link'));
    }
    return { tags, isComplete: true };
  }
}

function readTags(bytes: Buffer, host: string): readonly string[] {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString('utf8'));
  } catch {
    document = undefined;
  }
  const tags = isObject(document) ? (document['tags'] ?? []) : undefined;
  if (!Array.isArray(tags)) {
    throw new DeliveryError('RemoteError', `${host} answered a request for tags with something else`, {
      hint: `Check that ${host} is a container registry.`,
    });
  }
  return tags.filter((tag): tag is string => typeof tag === 'string');
}
