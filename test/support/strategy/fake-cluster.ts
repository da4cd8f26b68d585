import { createHash } from 'node:crypto';
import type { KubernetesClient, ListQuery, Written } from '../../../core/clients/kubernetes/client.ts';
import type { WatchEvent } from '../../../core/clients/kubernetes/watch.ts';
import { ApiError } from '../../../core/model/api-error.ts';
import { isSameJson } from '../../../core/model/equality.ts';
import { isObject, without, type JsonObject } from '../../../core/model/json.ts';
import {
  fieldAt,
  numberAt,
  objectKey,
  objectsAt,
  textAt,
  type KubernetesObject,
  type ObjectReference,
} from '../../../core/model/kubernetes-object.ts';
import { isSelected, labelsAt, type Labels } from '../../../core/model/strategy/selection.ts';

type Stored = Record<string, unknown>;

/**
 * An API server in memory with its controllers: server-side apply with owners of the fields of `spec`, optimistic locks,
 * Deployments that become replica sets and pods at once, Services that become EndpointSlices. Pods of an image that says
 * "broken" crash. What it has is enough to hold a strategy to, and fast enough to be killed a thousand times.
 */
export class FakeCluster implements KubernetesClient {
  readonly server = 'https://fake';
  readonly name = 'fake';
  /** Told after every change of anything, controllers included. */
  onChange: (cluster: FakeCluster) => void = () => undefined;
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #applied = new Map<string, Map<string, KubernetesObject>>();
  #version = 0;
  #waiters: (() => void)[] = [];

  readonly discovery = {
    resourceFor: (apiVersion: string, kind: string) =>
      Promise.resolve({
        apiVersion,
        kind,
        plural: `${kind.toLowerCase()}s`,
        namespaced: !['Namespace', 'ClusterRole', 'SelfSubjectAccessReview'].includes(kind),
        verbs: ['get', 'list'],
      }),
    find: (apiVersion: string, kind: string) => this.discovery.resourceFor(apiVersion, kind),
    preferredVersion: (group: string) => Promise.resolve(group === '' ? 'v1' : `${group}/v1`),
    forget: () => undefined,
  };

  async get(reference: ObjectReference): Promise<KubernetesObject | undefined> {
    await Promise.resolve();
    return copy(this.#objects.get(objectKey(reference)));
  }

  async list(query: ListQuery): Promise<{ items: readonly KubernetesObject[]; resourceVersion: string }> {
    await Promise.resolve();
    return { items: this.select(query), resourceVersion: String(this.#version) };
  }

  async *watch(query: ListQuery, signal: AbortSignal): AsyncIterable<WatchEvent> {
    for (;;) {
      signal.throwIfAborted();
      yield { type: 'listed', items: this.select(query) };
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
    }
  }

  async create(
    object: KubernetesObject,
    options: { dryRun?: boolean; fieldManager?: string } = {},
  ): Promise<Written> {
    await Promise.resolve();
    if (object.kind === 'SelfSubjectAccessReview')
      return written({ ...object, status: { allowed: true } }, true);
    if (this.#objects.has(objectKey(object))) throw refusal(409, 'AlreadyExists', object);
    const next = owned(object, object, { manager: options.fieldManager ?? 'other', operation: 'Update' });
    return written(this.#put(next, options.dryRun), true);
  }

  async apply(
    object: KubernetesObject,
    options: { fieldManager: string; dryRun?: boolean; force?: boolean },
  ): Promise<Written> {
    await Promise.resolve();
    const key = objectKey(object);
    const live = this.#objects.get(key);
    const managers = this.#applied.get(key) ?? new Map<string, KubernetesObject>();
    const last = managers.get(options.fieldManager);
    const me = { manager: options.fieldManager, operation: 'Apply' };
    if (live !== undefined && options.force !== true) {
      const conflicts = Object.entries(ownersIn(live)).filter(([field, owner]) => {
        const wanted = fieldAt(object, 'spec', field);
        return (
          wanted !== undefined && !isSameJson(owner, me) && !isSameJson(wanted, fieldAt(live, 'spec', field))
        );
      });
      if (conflicts.length > 0) {
        throw refusal(
          409,
          'Conflict',
          object,
          conflicts.map(([field, owner]) => ({ manager: owner.manager, field })),
        );
      }
    }
    const body = without(object, 'status') as KubernetesObject;
    const merged = live === undefined ? body : (mergeApplied(live, last, body) as KubernetesObject);
    const next = owned(merged, body, me);
    const result = this.#put(next, options.dryRun);
    if (options.dryRun !== true) this.#applied.set(key, managers.set(options.fieldManager, body));
    return written(result, live === undefined);
  }

  async replace(object: KubernetesObject, options: { fieldManager?: string } = {}): Promise<Written> {
    await Promise.resolve();
    const live = this.#objects.get(objectKey(object));
    if (live === undefined) throw refusal(404, 'NotFound', object);
    const { resourceVersion, managedFields } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
      throw refusal(409, 'Conflict', object);
    const base = { ...object, status: live['status'] } as KubernetesObject;
    const kept =
      managedFields === undefined
        ? { ...base, metadata: { ...base.metadata, managedFields: live.metadata['managedFields'] } }
        : base;
    const me = { manager: options.fieldManager ?? 'other', operation: 'Update' };
    return written(this.#put(owned(kept, changedSpec(live, object), me)), false);
  }

  async patch(
    reference: ObjectReference,
    patch: unknown,
    options: { type: string; fieldManager?: string },
  ): Promise<Written> {
    await Promise.resolve();
    const live = this.#objects.get(objectKey(reference));
    if (live === undefined) throw refusal(404, 'NotFound', reference);
    const next = mergePatch(live, patch) as KubernetesObject;
    const me = { manager: options.fieldManager ?? 'other', operation: 'Update' };
    return written(this.#put(owned(next, changedSpec(live, next), me)), false);
  }

  async delete(reference: ObjectReference, options: { uid?: string } = {}): Promise<boolean> {
    await Promise.resolve();
    const live = this.#objects.get(objectKey(reference));
    if (live === undefined) return false;
    if (options.uid !== undefined && options.uid !== live.metadata.uid)
      throw refusal(409, 'Conflict', reference);
    this.#remove(live);
    this.#changed();
    return true;
  }

  logs(): Promise<string> {
    return Promise.resolve('');
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- nothing is ever said
  async *followLog(): AsyncIterable<string> {
    yield* [];
  }

  proxy(): Promise<never> {
    return Promise.reject(new Error('nothing is asked here'));
  }

  serverVersion(): Promise<string> {
    return Promise.resolve('v1.34.4');
  }

  close(): void {
    this.#waiters = [];
  }

  /** What is there, without waiting: for tests. */
  select(query: Partial<ListQuery> & { readonly kind: string }): readonly KubernetesObject[] {
    const wanted = Object.fromEntries(
      (query.labelSelector ?? '')
        .split(',')
        .filter((part) => part !== '')
        .map((part) => part.split('=') as [string, string]),
    );
    const typed = /^type=(.*)$/.exec(query.fieldSelector ?? '')?.[1];
    const named = /^metadata\.name=(.*)$/.exec(query.fieldSelector ?? '')?.[1];
    return [...this.#objects.values()]
      .filter(
        (object) =>
          object.kind === query.kind &&
          (query.namespace === undefined || object.metadata.namespace === query.namespace) &&
          (typed === undefined || object['type'] === typed) &&
          (named === undefined || object.metadata.name === named) &&
          (Object.keys(wanted).length === 0 || isSelected(wanted, object.metadata.labels ?? {})),
      )
      .map((object) => copy(object));
  }

  /** Versions (the tags of images) that the Service sends to now, and how many pods in all. */
  versionsBehind(service: string): { readonly versions: readonly string[]; readonly pods: number } {
    const pods = this.#readyPods(
      this.select({ kind: 'Service' }).find((one) => one.metadata.name === service),
    );
    const versions = pods.map(
      (pod) => (textAt(pod, 'spec', 'containers', 0, 'image') ?? '').split(':')[1] ?? '',
    );
    return { versions: [...new Set(versions)].sort(), pods: pods.length };
  }

  /** Everything, without what differs between two runs that did the same. */
  dump(): Readonly<Record<string, unknown>> {
    const rows = [...this.#objects.values()]
      .filter((object) => !['Pod', 'ReplicaSet', 'EndpointSlice', 'Lease'].includes(object.kind))
      .map((object): [string, unknown] => {
        const metadata = without(
          object.metadata,
          'uid',
          'resourceVersion',
          'generation',
          'creationTimestamp',
          'managedFields',
        );
        // How often a template came and went is Kubernetes's own count.
        const annotations = without(
          (metadata['annotations'] ?? {}) as JsonObject,
          'deployment.kubernetes.io/revision',
        );
        const data =
          object.kind === 'Secret' && object.metadata.name?.startsWith('aks-delivery.') === true
            ? undefined
            : object['data'];
        // An entry of the history is named after the moment of its deployment.
        const isHistory = object['type'] === 'aks-delivery/history';
        const name = isHistory
          ? `history of ${object.metadata.annotations?.['aks-delivery/release'] ?? ''}`
          : object.metadata.name;
        return [
          isHistory ? (name ?? '') : objectKey(object),
          {
            ...without(object, 'metadata', 'status', 'data'),
            data,
            metadata: { ...metadata, name, annotations },
            owners: ownersIn(object),
          },
        ];
      });
    return Object.fromEntries(rows.sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** The same world again: what a run left behind, for another to find. */
  clone(): FakeCluster {
    const other = new FakeCluster();
    for (const [key, object] of this.#objects) other.#objects.set(key, copy(object));
    for (const [key, managers] of this.#applied) other.#applied.set(key, new Map(managers));
    other.#version = this.#version;
    return other;
  }

  #put(next: KubernetesObject, dryRun = false): KubernetesObject {
    const key = objectKey(next);
    const live = this.#objects.get(key);
    const isSame = live !== undefined && isSameJson(comparable(live), comparable(next));
    const specChanged = live === undefined || !isSameJson(live['spec'], next['spec']);
    const version = isSame ? live.metadata.resourceVersion : String(dryRun ? this.#version : ++this.#version);
    const object = {
      ...next,
      metadata: {
        ...next.metadata,
        uid: live?.metadata.uid ?? `uid-${this.#version}-${key}`,
        creationTimestamp: live?.metadata.creationTimestamp ?? '2026-11-21T01:00:00Z',
        generation: (live?.metadata.generation ?? 0) + (specChanged ? 1 : 0),
        ...(version === undefined ? {} : { resourceVersion: version }),
      },
    } as KubernetesObject;
    if (dryRun || isSame) return copy(isSame ? { ...object, status: live['status'] } : object);
    this.#objects.set(key, object);
    this.#changed();
    return copy(this.#objects.get(key) ?? object);
  }

  #remove(object: KubernetesObject): void {
    this.#objects.delete(objectKey(object));
    this.#applied.delete(objectKey(object));
    for (const other of [...this.#objects.values()]) {
      if ((other.metadata.ownerReferences ?? []).some((owner) => owner.uid === object.metadata.uid))
        this.#remove(other);
    }
  }

  #changed(): void {
    for (const deployment of this.select({ kind: 'Deployment' })) this.#run(deployment);
    for (const service of this.select({ kind: 'Service' })) this.#slice(service);
    for (const slice of this.select({ kind: 'EndpointSlice' })) {
      const service = slice.metadata.labels?.['kubernetes.io/service-name'];
      if (!this.select({ kind: 'Service' }).some((one) => one.metadata.name === service)) this.#remove(slice);
    }
    this.onChange(this);
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const wake of waiting) wake();
  }

  #run(deployment: KubernetesObject): void {
    const template = (fieldAt(deployment, 'spec', 'template') ?? {}) as JsonObject;
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const replicas = numberAt(deployment, 'spec', 'replicas') ?? 1;
    const { name = '', namespace = '', uid = '' } = deployment.metadata;
    const isBroken = JSON.stringify(template).includes('broken');
    const sets = this.select({ kind: 'ReplicaSet' }).filter(
      (set) => set.metadata.ownerReferences?.[0]?.uid === uid,
    );
    const known = sets.find((set) => set.metadata.name === `${name}-${hash}`);
    const revisions = sets.map((set) =>
      Number(set.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0),
    );
    const current = Number(known?.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
    const revision = String(
      known !== undefined && current === Math.max(...revisions) ? current : Math.max(0, ...revisions) + 1,
    );
    const labels = { ...labelsAt(template, 'metadata', 'labels'), 'pod-template-hash': hash };
    const set: KubernetesObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        uid: `${uid}-${hash}`,
        labels,
        annotations: { 'deployment.kubernetes.io/revision': revision },
        ownerReferences: [owner('Deployment', name, uid)],
      },
      spec: { replicas },
    };
    this.#objects.set(objectKey(set), set);
    for (const pod of this.select({ kind: 'Pod' })) {
      const index = Number(pod.metadata.name?.split('-').at(-1));
      const isOwn = pod.metadata.ownerReferences?.[0]?.uid.startsWith(`${uid}-`) === true;
      // A broken version does not replace the one before it: old pods go only when new ones are ready.
      const isOld = pod.metadata.labels?.['pod-template-hash'] !== hash && !isBroken;
      if (isOwn && (isOld || index >= replicas)) this.#objects.delete(objectKey(pod));
    }
    for (let index = 0; index < replicas; index += 1) {
      const pod = podOf(set, template, labels, index, isBroken);
      if (!this.#objects.has(objectKey(pod))) this.#objects.set(objectKey(pod), pod);
    }
    const status = {
      observedGeneration: deployment.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: isBroken ? 0 : replicas,
    };
    const annotations = { ...deployment.metadata.annotations, 'deployment.kubernetes.io/revision': revision };
    this.#objects.set(objectKey(deployment), {
      ...deployment,
      metadata: { ...deployment.metadata, annotations },
      status,
    });
  }

  #readyPods(service: KubernetesObject | undefined): readonly KubernetesObject[] {
    const selector = labelsAt(service, 'spec', 'selector');
    return this.select({ kind: 'Pod' }).filter(
      (pod) =>
        pod.metadata.namespace === service?.metadata.namespace &&
        isSelected(selector, pod.metadata.labels ?? {}) &&
        objectsAt(pod, 'status', 'conditions').some((one) => one['status'] === 'True'),
    );
  }

  #slice(service: KubernetesObject): void {
    const { name = '', namespace = '' } = service.metadata;
    const endpoints = this.#readyPods(service).map((pod) => ({
      conditions: { ready: true },
      targetRef: { kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
    }));
    const slice: KubernetesObject = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-slice`,
        namespace,
        uid: `slice-${name}`,
        labels: { 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      endpoints,
    };
    this.#objects.set(objectKey(slice), slice);
  }
}

interface Owner {
  readonly manager: string;
  readonly operation: string;
}

function podOf(
  set: KubernetesObject,
  template: JsonObject,
  labels: Labels,
  index: number,
  isBroken: boolean,
): KubernetesObject {
  const { name = '', namespace = '', uid = '' } = set.metadata;
  const waiting = {
    name: 'main',
    ready: false,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index}`,
      namespace,
      uid: `${uid}-${index}`,
      labels,
      ownerReferences: [owner('ReplicaSet', name, uid)],
    },
    spec: template['spec'],
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: isBroken ? 'False' : 'True' }],
      containerStatuses: isBroken ? [waiting] : [{ name: 'main', ready: true, state: { running: {} } }],
    },
  };
}

function owner(
  kind: string,
  name: string,
  uid: string,
): { apiVersion: string; kind: string; name: string; uid: string; controller: boolean } {
  return { apiVersion: 'apps/v1', kind, name, uid, controller: true };
}

/** `managedFields` of the fields of `spec`, one owner each. */
function ownersIn(object: KubernetesObject): Record<string, Owner> {
  const owners: Record<string, Owner> = {};
  const entries = (object.metadata['managedFields'] ?? []) as readonly JsonObject[];
  for (const entry of entries) {
    for (const name of Object.keys(fieldAt(entry, 'fieldsV1', 'f:spec') ?? {})) {
      owners[name.slice(2)] = { manager: String(entry['manager']), operation: String(entry['operation']) };
    }
  }
  return owners;
}

function owned(object: KubernetesObject, wrote: KubernetesObject, me: Owner): KubernetesObject {
  const owners = ownersIn(object);
  const spec = isObject(object['spec']) ? object['spec'] : {};
  for (const field of Object.keys(wrote['spec'] ?? {})) owners[field] = me;
  const entries = new Map<string, { owner: Owner; fields: Record<string, unknown> }>();
  for (const [field, by] of Object.entries(owners)) {
    if (spec[field] === undefined) continue;
    const key = `${by.manager} ${by.operation}`;
    const entry = entries.get(key) ?? { owner: by, fields: {} };
    entry.fields[`f:${field}`] = {};
    entries.set(key, entry);
  }
  const managedFields = [...entries.values()].map(({ owner: by, fields }) => ({
    ...by,
    fieldsV1: { 'f:spec': fields },
  }));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** The fields of `spec` that differ. */
function changedSpec(before: KubernetesObject, after: KubernetesObject): KubernetesObject {
  const [one, other] = [(before['spec'] ?? {}) as JsonObject, (after['spec'] ?? {}) as JsonObject];
  const changed = Object.entries(other).filter(([field, value]) => !isSameJson(value, one[field]));
  return { ...after, spec: Object.fromEntries(changed) };
}

/** Lists and selectors are atomic; everything else is merged, and what the manager no longer names goes. */
function mergeApplied(live: unknown, last: unknown, wanted: unknown, path = ''): unknown {
  if (path === '.spec.selector' || !isObject(live) || !isObject(wanted)) return wanted;
  const result: Stored = { ...live };
  if (isObject(last)) {
    for (const name of Object.keys(last))
      if (wanted[name] === undefined) Reflect.deleteProperty(result, name);
  }
  for (const [name, value] of Object.entries(wanted)) {
    result[name] = mergeApplied(
      live[name],
      isObject(last) ? last[name] : undefined,
      value,
      `${path}.${name}`,
    );
  }
  return result;
}

function mergePatch(live: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Stored = isObject(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

function comparable(object: KubernetesObject): unknown {
  return {
    ...without(object, 'status'),
    metadata: without(object.metadata, 'uid', 'resourceVersion', 'generation', 'creationTimestamp'),
  };
}

function refusal(
  status: number,
  reason: string,
  about: KubernetesObject | ObjectReference,
  conflicts: readonly { manager: string; field: string }[] = [],
): ApiError {
  const said = `${reason}: ${objectKey(about)}`;
  const code = status === 404 ? 'NotFound' : 'ApplyConflict';
  return new ApiError(code, said, { status, reason, said, conflicts }, 'none');
}

function written(object: KubernetesObject, created: boolean): Written {
  return { object, created, warnings: [] };
}

function copy(value: KubernetesObject): KubernetesObject;
function copy(value: KubernetesObject | undefined): KubernetesObject | undefined;
function copy(value: KubernetesObject | undefined): KubernetesObject | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as KubernetesObject);
}
