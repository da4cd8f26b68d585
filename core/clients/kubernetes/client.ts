import { DeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import {
  formatObject,
  isKubernetesObject,
  objectsAt,
  textAt,
  type KubernetesObject,
  type ObjectReference,
} from '../../model/kubernetes-object.ts';
import type { Clock } from '../../model/ports.ts';
import type { ClusterAccess } from './access.ts';
import { apiErrorOf } from './api-error.ts';
import {
  openConnection,
  type ApiRequest,
  type ApiResponse,
  type Connection,
  type ConnectionOptions,
} from './connection.ts';
import { createDiscovery, type ApiResource, type Discovery } from './discovery.ts';
import { retrying } from './retry.ts';
import { proxyPath, type ProxyRequest, type ProxyResponse } from './service-proxy.ts';
import { systemClock } from '../http/system-clock.ts';
import { warningsOf } from './warnings.ts';
import { linesOf, readWatchLine, type WatchEvent } from './watch.ts';

export interface ListQuery {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent is all namespaces, for kinds that have them. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

export interface Written {
  readonly object: KubernetesObject;
  /** Whether the object was not there before. */
  readonly created: boolean;
  /** The server's `Warning:` headers: deprecated APIs, policies that only warn. */
  readonly warnings: readonly string[];
}

export interface WriteOptions {
  /** Ask the server what it would do, admission included, without doing it. */
  readonly dryRun?: boolean;
  /** Unknown and duplicate fields are errors; that is the default here as it is kubectl's. */
  readonly strict?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that other managers own. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly dryRun?: boolean;
  /** Delete only this very object, not one of the same name that has come since. */
  readonly uid?: string;
  /** Delete only if nobody has written to it since. */
  readonly resourceVersion?: string;
}

export interface LogQuery {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
}

export type PatchType = 'merge' | 'json' | 'strategic';

/** Every failure is a DeliveryError; the server's own refusals are ApiErrors, with its status and reason. */
export interface KubernetesClient {
  /** The API server's URL. */
  readonly server: string;
  /** The cluster's name, or its host where it has none. */
  readonly name: string;
  readonly discovery: Discovery;
  /** Undefined is "the server has no such object"; a kind that it does not know is an error. */
  get(reference: ObjectReference, signal?: AbortSignal): Promise<KubernetesObject | undefined>;
  list(query: ListQuery, signal?: AbortSignal): Promise<ObjectList>;
  /** Lists, then follows; reconnects by itself. Ends only by throwing: with the signal's reason, or an error. */
  watch(query: ListQuery, signal: AbortSignal): AsyncIterable<WatchEvent>;
  create(
    object: KubernetesObject,
    options?: WriteOptions & { readonly fieldManager?: string },
    signal?: AbortSignal,
  ): Promise<Written>;
  /** Server-side apply (KEP-555). */
  apply(object: KubernetesObject, options: ApplyOptions, signal?: AbortSignal): Promise<Written>;
  replace(
    object: KubernetesObject,
    options?: WriteOptions & { readonly fieldManager?: string },
    signal?: AbortSignal,
  ): Promise<Written>;
  patch(
    reference: ObjectReference,
    patch: unknown,
    options: WriteOptions & {
      readonly type: PatchType;
      readonly fieldManager?: string;
      readonly subresource?: string;
    },
    signal?: AbortSignal,
  ): Promise<Written>;
  /** False when there was nothing to delete. */
  delete(reference: ObjectReference, options?: DeleteOptions, signal?: AbortSignal): Promise<boolean>;
  logs(query: LogQuery, signal?: AbortSignal): Promise<string>;
  /** The log from its first line until the container ends. Blank lines are left out. */
  followLog(query: LogQuery, signal: AbortSignal): AsyncIterable<string>;
  /** An HTTP request to a Service or Pod through the API server. Every status is an answer. */
  proxy(request: ProxyRequest, signal?: AbortSignal): Promise<ProxyResponse>;
  /** `v1.34.4` */
  serverVersion(signal?: AbortSignal): Promise<string>;
  close(): void;
}

export interface ClientOptions extends ConnectionOptions {
  readonly clock?: Clock;
}

const patchTypes: Readonly<Record<PatchType | 'apply', string>> = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** Items of one answer: enough to need few round trips, small enough not to hold a large cluster in memory at once. */
const pageSize = 500;
/** The server ends watches after five to ten minutes by itself; asking for five keeps the reconnects ours. */
const watchSeconds = 290;

export function createKubernetesClient(access: ClusterAccess, options: ClientOptions = {}): KubernetesClient {
  const clock = options.clock ?? systemClock;
  return clientOver(retrying(openConnection(access, options), clock), access, clock);
}

/** The client over any connection: what the tests use. */
export function clientOver(
  connection: Connection,
  access: Pick<ClusterAccess, 'server' | 'name'>,
  clock: Clock = systemClock,
): KubernetesClient {
  const server = access.name;
  const discovery = createDiscovery(connection, server);

  async function ask(verb: string, what: string, request: ApiRequest): Promise<ApiResponse> {
    const response = await connection.request(request);
    if (response.status >= 200 && response.status < 300) return response;
    throw apiErrorOf({ verb, what, server }, response.status, response.body);
  }

  async function write(
    verb: string,
    object: KubernetesObject | ObjectReference,
    request: Omit<ApiRequest, 'path'>,
    where: { name?: string; subresource?: string; query: Record<string, string | undefined> },
    signal: AbortSignal | undefined,
  ): Promise<Written> {
    const resource = await discovery.resourceFor(object.apiVersion, object.kind, signal);
    const namespace = 'metadata' in object ? object.metadata.namespace : object.namespace;
    const path = pathOf(resource, namespace, where.name, where.subresource) + queryOf(where.query);
    const response = await ask(verb, formatObject(object), { ...request, path, signal });
    return {
      object: readObject(response, formatObject(object)),
      created: response.status === 201,
      warnings: warningsOf(response.headers['warning']),
    };
  }

  async function listPage(
    resource: ApiResource,
    query: ListQuery,
    more: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ items: readonly KubernetesObject[]; resourceVersion: string; more: string | undefined }> {
    const path =
      pathOf(resource, query.namespace) +
      queryOf({ ...selectorsOf(query), limit: String(pageSize), continue: more });
    const response = await ask('list', describeList(resource, query), { method: 'GET', path, signal });
    const answer = JSON.parse(textOf(response)) as unknown;
    // Items of a list leave out what the list says for all of them.
    const items = objectsAt(answer, 'items').map(
      (item) => ({ apiVersion: query.apiVersion, kind: query.kind, ...item }) as unknown as KubernetesObject,
    );
    const next = textAt(answer, 'metadata', 'continue');
    return {
      items,
      resourceVersion: textAt(answer, 'metadata', 'resourceVersion') ?? '',
      more: next === '' ? undefined : next,
    };
  }

  const client: KubernetesClient = {
    server: access.server,
    name: access.name,
    discovery,

    async get(reference, signal) {
      const resource = await discovery.resourceFor(reference.apiVersion, reference.kind, signal);
      const path = pathOf(resource, reference.namespace, reference.name);
      const response = await connection.request({ method: 'GET', path, signal });
      if (response.status === 404) return undefined;
      if (response.status !== 200) {
        throw apiErrorOf(
          { verb: 'get', what: formatObject(reference), server },
          response.status,
          response.body,
        );
      }
      return readObject(response, formatObject(reference));
    },

    async list(query, signal) {
      const resource = await discovery.resourceFor(query.apiVersion, query.kind, signal);
      const items: KubernetesObject[] = [];
      let page = await listPage(resource, query, undefined, signal);
      items.push(...page.items);
      while (page.more !== undefined) {
        page = await listPage(resource, query, page.more, signal);
        items.push(...page.items);
      }
      return { items, resourceVersion: page.resourceVersion };
    },

    async *watch(query, signal) {
      const resource = await discovery.resourceFor(query.apiVersion, query.kind, signal);
      for (;;) {
        const listed = await client.list(query, signal);
        yield { type: 'listed', items: listed.items };
        let from: string | undefined = listed.resourceVersion;
        while (from !== undefined) from = yield* follow(resource, query, from, signal);
      }
    },

    create(object, writeOptions = {}, signal) {
      return write(
        'create',
        object,
        { method: 'POST', body: JSON.stringify(object), headers: { 'content-type': 'application/json' } },
        { query: writeQuery(writeOptions) },
        signal,
      );
    },

    apply(object, applyOptions, signal) {
      const query = { ...writeQuery(applyOptions), force: applyOptions.force === true ? 'true' : undefined };
      return write(
        'apply',
        object,
        { method: 'PATCH', body: JSON.stringify(object), headers: { 'content-type': patchTypes.apply } },
        { name: nameOf(object), query },
        signal,
      );
    },

    replace(object, writeOptions = {}, signal) {
      return write(
        'replace',
        object,
        { method: 'PUT', body: JSON.stringify(object), headers: { 'content-type': 'application/json' } },
        { name: nameOf(object), query: writeQuery(writeOptions) },
        signal,
      );
    },

    patch(reference, patch, { type, subresource, ...patchOptions }, signal) {
      return write(
        'patch',
        reference,
        { method: 'PATCH', body: JSON.stringify(patch), headers: { 'content-type': patchTypes[type] } },
        {
          name: reference.name,
          query: writeQuery(patchOptions),
          ...(subresource === undefined ? {} : { subresource }),
        },
        signal,
      );
    },

    async delete(reference, deleteOptions = {}, signal) {
      const resource = await discovery.resourceFor(reference.apiVersion, reference.kind, signal);
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: deleteOptions.propagation ?? 'Background',
        ...preconditionsOf(deleteOptions),
      };
      const response = await connection.request({
        method: 'DELETE',
        path:
          pathOf(resource, reference.namespace, reference.name) +
          queryOf({ dryRun: deleteOptions.dryRun === true ? 'All' : undefined }),
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
        signal,
      });
      if (response.status === 404) return false;
      if (response.status >= 200 && response.status < 300) return true;
      throw apiErrorOf(
        { verb: 'delete', what: formatObject(reference), server },
        response.status,
        response.body,
      );
    },

    async logs(query, signal) {
      const { namespace, name, container, previous, tailLines, limitBytes } = query;
      const path =
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log` +
        queryOf({
          container,
          previous: previous === true ? 'true' : undefined,
          tailLines: tailLines === undefined ? undefined : String(tailLines),
          limitBytes: limitBytes === undefined ? undefined : String(limitBytes),
        });
      return textOf(
        await ask('read the log of', `Pod ${namespace}/${name}`, { method: 'GET', path, signal }),
      );
    },

    async *followLog({ namespace, name, container }, signal) {
      const path =
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log` +
        queryOf({ container, follow: 'true' });
      const stream = await connection.stream({ method: 'GET', path, signal, silence: 0 });
      if (stream.status !== 200) {
        const asked = { verb: 'follow the log of', what: `Pod ${namespace}/${name}`, server };
        throw apiErrorOf(asked, stream.status, await collect(stream.body));
      }
      yield* linesOf(stream.body, 'last words');
    },

    async proxy(request, signal) {
      const response = await connection.request({
        method: request.method ?? 'GET',
        path: proxyPath(request),
        headers: { accept: '*/*', ...request.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
        signal,
      });
      return response;
    },

    async serverVersion(signal) {
      const response = await ask('read', 'its version', { method: 'GET', path: '/version', signal });
      return textAt(JSON.parse(textOf(response)), 'gitVersion') ?? 'unknown';
    },

    close() {
      connection.close();
    },
  };

  /** One watch request: the version to go on from, or undefined when the list must be read again. */
  async function* follow(
    resource: ApiResource,
    query: ListQuery,
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent, string | undefined> {
    signal.throwIfAborted();
    const path =
      pathOf(resource, query.namespace) +
      queryOf({
        ...selectorsOf(query),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: from,
        timeoutSeconds: String(watchSeconds),
      });
    let version = from;
    try {
      const stream = await connection.stream({
        method: 'GET',
        path,
        signal,
        silence: (watchSeconds + 30) * 1000,
      });
      if (stream.status === 410) return undefined;
      if (stream.status !== 200) {
        const body = await collect(stream.body);
        throw apiErrorOf({ verb: 'watch', what: describeList(resource, query), server }, stream.status, body);
      }
      for await (const text of linesOf(stream.body)) {
        const line = readWatchLine(text);
        switch (line.type) {
          case 'expired':
            return undefined;
          case 'error':
            throw apiErrorOf(
              { verb: 'watch', what: describeList(resource, query), server },
              line.status,
              Buffer.from(line.message),
            );
          case 'bookmark':
            version = line.resourceVersion;
            break;
          case 'event':
            version = line.resourceVersion;
            yield line.event;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      await clock.sleep(500, signal);
    }
    return version;
  }

  return client;
}

/** Broken connections and a busy server: the watch is taken up again where it was. */
function isPassing(error: unknown): boolean {
  if (error instanceof DeliveryError) return ['Unreachable', 'Throttled', 'RemoteError'].includes(error.code);
  // What a response stream throws when the connection breaks in the middle.
  return error instanceof Error && 'code' in error;
}

function pathOf(resource: ApiResource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.apiVersion.includes('/') ? '/apis' : '/api';
  const within =
    resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  if (resource.namespaced && namespace === undefined && name !== undefined) {
    throw new DeliveryError('ManifestInvalid', `${resource.kind} ${name} is in no namespace`, {
      hint: 'Set "namespace", or metadata.namespace in the manifest file.',
    });
  }
  const own = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}/${resource.apiVersion}${within}/${resource.plural}${own}${subresource === undefined ? '' : `/${subresource}`}`;
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
}

function writeQuery(
  options: WriteOptions & { readonly fieldManager?: string },
): Record<string, string | undefined> {
  return {
    fieldManager: options.fieldManager,
    fieldValidation: options.strict === false ? 'Warn' : 'Strict',
    dryRun: options.dryRun === true ? 'All' : undefined,
  };
}

function selectorsOf(query: ListQuery): Record<string, string | undefined> {
  return { labelSelector: query.labelSelector, fieldSelector: query.fieldSelector };
}

function describeList(resource: ApiResource, query: ListQuery): string {
  return query.namespace === undefined ? resource.plural : `${resource.plural} in ${query.namespace}`;
}

function nameOf(object: KubernetesObject): string {
  const { name } = object.metadata;
  if (name !== undefined) return name;
  throw new DeliveryError(
    'ManifestInvalid',
    `${formatObject(object)} has no name: it can be created, never applied`,
  );
}

function textOf(response: ApiResponse): string {
  return Buffer.from(response.body).toString('utf8');
}

function readObject(response: ApiResponse, what: string): KubernetesObject {
  const parsed: unknown = JSON.parse(textOf(response));
  if (isKubernetesObject(parsed)) return parsed;
  throw new DeliveryError('RemoteError', `the API server answered something that is no object for ${what}`);
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function preconditionsOf({ uid, resourceVersion }: DeleteOptions): object {
  const preconditions = defined({ uid, resourceVersion });
  return Object.keys(preconditions).length === 0 ? {} : { preconditions };
}
