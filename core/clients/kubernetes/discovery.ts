import { DeliveryError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import { groupOf, objectsAt, textAt } from '../../model/kubernetes-object.ts';
import { apiErrorOf } from './api-error.ts';
import type { Connection } from './connection.ts';

/** Where a kind is served: what a URL of it is made of. */
export interface ApiResource {
  readonly apiVersion: string;
  readonly kind: string;
  /** The plural in the URL: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/**
 * Which kinds the server serves, asked per group and version and remembered. One small answer for each group in use beats
 * the aggregated document of all groups, which is some hundred kilobytes on a cluster with operators.
 */
export interface Discovery {
  /** @throws DeliveryError `KindUnknown` */
  resourceFor(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ApiResource>;
  /** As `resourceFor`, but undefined for a kind that the server does not serve. */
  find(apiVersion: string, kind: string, signal?: AbortSignal): Promise<ApiResource | undefined>;
  /** The version that the server prefers for a group: `apps/v1` of `apps`. */
  preferredVersion(group: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Forgets a group and version, after a CustomResourceDefinition has changed. */
  forget(apiVersion: string): void;
}

export function createDiscovery(connection: Connection, server: string): Discovery {
  const known = new Map<string, Promise<ReadonlyMap<string, ApiResource> | undefined>>();

  async function ask(path: string, what: string, signal: AbortSignal | undefined): Promise<unknown> {
    const response = await connection.request({ method: 'GET', path, signal });
    if (response.status === 404) return undefined;
    if (response.status !== 200) {
      throw apiErrorOf({ verb: 'list', what, server }, response.status, response.body);
    }
    return JSON.parse(Buffer.from(response.body).toString('utf8')) as unknown;
  }

  function kindsOf(
    apiVersion: string,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<string, ApiResource> | undefined> {
    const before = known.get(apiVersion);
    if (before !== undefined) return before;
    const path = `${groupOf(apiVersion) === '' ? '/api' : '/apis'}/${apiVersion}`;
    const asked = ask(path, `the kinds of ${apiVersion}`, signal).then((answer) =>
      answer === undefined ? undefined : readKinds(apiVersion, answer),
    );
    known.set(apiVersion, asked);
    // A failure is not knowledge: the next caller asks again.
    asked.catch(() => known.delete(apiVersion));
    return asked;
  }

  const discovery: Discovery = {
    async find(apiVersion, kind, signal) {
      return (await kindsOf(apiVersion, signal))?.get(kind);
    },
    async resourceFor(apiVersion, kind, signal) {
      const kinds = await kindsOf(apiVersion, signal);
      const found = kinds?.get(kind);
      if (found !== undefined) return found;
      const why = kinds === undefined ? `it serves no ${apiVersion}` : `${apiVersion} has no kind ${kind}`;
      throw new DeliveryError('KindUnknown', `${server} does not know ${kind} (${apiVersion}): ${why}`, {
        hint: 'Correct apiVersion and kind, or install the CustomResourceDefinition first (it may be in the same manifest files).',
      });
    },
    async preferredVersion(group, signal) {
      if (group === '') return 'v1';
      return textAt(
        await ask(`/apis/${group}`, `the versions of ${group}`, signal),
        'preferredVersion',
        'groupVersion',
      );
    },
    forget(apiVersion) {
      known.delete(apiVersion);
    },
  };
  return discovery;
}

function readKinds(apiVersion: string, answer: unknown): ReadonlyMap<string, ApiResource> {
  const kinds = new Map<string, ApiResource>();
  for (const entry of objectsAt(answer, 'resources')) {
    const plural = textAt(entry, 'name') ?? '';
    const kind = textAt(entry, 'kind') ?? '';
    // Subresources ("deployments/scale") share the list.
    if (plural === '' || kind === '' || plural.includes('/') || kinds.has(kind)) continue;
    const verbs = isObject(entry) && Array.isArray(entry['verbs']) ? entry['verbs'].map(String) : [];
    kinds.set(kind, { apiVersion, kind, plural, namespaced: entry['namespaced'] === true, verbs });
  }
  return kinds;
}
