import type { ListQuery } from '../../clients/kubernetes/client.ts';
import { objectKey, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { assessRollout } from '../../model/rollout/assess.ts';
import { failed, progressing, type RolloutState } from '../../model/rollout/state.ts';
import { PodIndex } from './pod-index.ts';
import type { UnfinishedRollout } from './rollout-failure.ts';

export type BoardRole = 'objects' | 'pods' | 'replicaSets';

interface Entry {
  object: KubernetesObject;
  state: RolloutState;
  /** Seen by a watch: an answer to an apply is older than any controller's look at it. */
  isSeen: boolean;
  isTold: boolean;
}

/** What is known of every object that is waited for. Watches write to it, verdicts are read from it. */
export class RolloutBoard {
  readonly #entries = new Map<string, Entry>();
  readonly #byUid = new Map<string, Entry>();
  readonly #index: PodIndex;
  #open: number;
  #failures = 0;

  constructor(objects: readonly KubernetesObject[]) {
    for (const object of objects) {
      const entry = { object, state: progressing('applied'), isSeen: false, isTold: true };
      this.#entries.set(objectKey(object), entry);
      if (object.metadata.uid !== undefined) this.#byUid.set(object.metadata.uid, entry);
    }
    this.#open = this.#entries.size;
    this.#index = new PodIndex(new Set(this.#byUid.keys()));
  }

  /** Everything that a watch's list holds; what is missing from it is gone. */
  list(role: BoardRole, query: ListQuery, items: readonly KubernetesObject[]): void {
    if (role !== 'objects') {
      this.#index.clear(role, query.namespace);
      for (const item of items) this.#index.put(role, item);
      for (const entry of this.#entries.values()) this.#assess(entry);
      return;
    }
    const present = new Map(items.map((item) => [objectKey(item), item]));
    for (const [key, entry] of this.#entries) {
      if (!isAsked(entry.object, query)) continue;
      const item = present.get(key);
      if (item === undefined) this.#set(entry, gone());
      else this.#see(entry, item);
    }
  }

  update(role: BoardRole, type: 'added' | 'modified' | 'deleted', object: KubernetesObject): void {
    if (role !== 'objects') {
      const owners = type === 'deleted' ? this.#index.remove(role, object) : this.#index.put(role, object);
      for (const uid of owners) {
        const entry = this.#byUid.get(uid);
        if (entry !== undefined) this.#assess(entry);
      }
      return;
    }
    const entry = this.#entries.get(objectKey(object));
    if (entry === undefined) return;
    if (type === 'deleted') this.#set(entry, gone());
    else this.#see(entry, object);
  }

  /** Objects whose state or message is another since this was last asked. */
  takeChanges(): readonly { readonly object: KubernetesObject; readonly state: RolloutState }[] {
    const changes = [...this.#entries.values()].filter((entry) => !entry.isTold);
    for (const entry of changes) entry.isTold = true;
    return changes;
  }

  isDone(): boolean {
    return this.#open === 0;
  }

  hasFailed(): boolean {
    return this.#failures > 0;
  }

  /** Failed ones first. */
  unfinished(): readonly UnfinishedRollout[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.state.state !== 'succeeded')
      .sort((one, other) => Number(other.state.state === 'failed') - Number(one.state.state === 'failed'))
      .map(({ object, state }) => ({ object, state, pods: this.#index.podsOf(object.metadata.uid) }));
  }

  #see(entry: Entry, object: KubernetesObject): void {
    entry.object = object;
    entry.isSeen = true;
    this.#assess(entry);
  }

  #assess(entry: Entry): void {
    if (!entry.isSeen) return;
    const { uid } = entry.object.metadata;
    const [pods, replicaSets] = [this.#index.podsOf(uid), this.#index.replicaSetsOf(uid)];
    this.#set(entry, assessRollout({ object: entry.object, pods, replicaSets }));
  }

  #set(entry: Entry, state: RolloutState): void {
    const before = entry.state;
    if (before.state === state.state && before.message === state.message) return;
    this.#open += Number(before.state === 'succeeded') - Number(state.state === 'succeeded');
    this.#failures += Number(state.state === 'failed') - Number(before.state === 'failed');
    entry.state = state;
    entry.isTold = false;
  }
}

function isAsked(object: KubernetesObject, query: ListQuery): boolean {
  const named = /^metadata\.name=(.*)$/.exec(query.fieldSelector ?? '')?.[1];
  return (
    object.apiVersion === query.apiVersion &&
    object.kind === query.kind &&
    object.metadata.namespace === query.namespace &&
    (named === undefined || named === object.metadata.name)
  );
}

function gone(): RolloutState {
  return failed('Gone', 'it does not exist any more: something deleted it');
}
