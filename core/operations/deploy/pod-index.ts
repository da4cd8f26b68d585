import type { KubernetesObject } from '../../model/kubernetes-object.ts';

/**
 * The pods and replica sets that belong to a set of owners. Watches tell of all pods of a namespace; only those of the
 * owners are kept, so that a crowded namespace costs no memory.
 */
export class PodIndex {
  /** The owners that are looked for, by uid. */
  readonly #owners: ReadonlySet<string>;
  readonly #replicaSets = new Map<string, KubernetesObject>();
  /** Replica sets of others: their pods need not be remembered. */
  readonly #foreign = new Set<string>();
  readonly #pods = new Map<string, Map<string, KubernetesObject>>();

  constructor(owners: ReadonlySet<string>) {
    this.#owners = owners;
  }

  /** @returns the uids of the owners that this is news of */
  put(role: 'pods' | 'replicaSets', object: KubernetesObject): readonly string[] {
    const controller = controllerOf(object);
    const uid = object.metadata.uid ?? '';
    if (controller === undefined) return [];
    if (role === 'replicaSets') {
      if (!this.#owners.has(controller)) {
        this.#foreign.add(uid);
        this.#pods.delete(uid);
        return [];
      }
      this.#replicaSets.set(uid, object);
      return [controller];
    }
    if (this.#foreign.has(controller)) return [];
    const owner = this.#ownerOf(controller);
    // A pod may be heard of before its replica set is; of other controllers nothing more will come.
    if (owner === undefined && !isReplicaSet(object)) return [];
    const siblings = this.#pods.get(controller) ?? new Map<string, KubernetesObject>();
    siblings.set(uid, object);
    this.#pods.set(controller, siblings);
    return owner === undefined ? [] : [owner];
  }

  remove(role: 'pods' | 'replicaSets', object: KubernetesObject): readonly string[] {
    const controller = controllerOf(object);
    const uid = object.metadata.uid ?? '';
    if (controller === undefined) return [];
    if (role === 'pods') {
      this.#pods.get(controller)?.delete(uid);
      const owner = this.#ownerOf(controller);
      return owner === undefined ? [] : [owner];
    }
    this.#replicaSets.delete(uid);
    this.#foreign.delete(uid);
    return this.#owners.has(controller) ? [controller] : [];
  }

  /** A new list of one namespace replaces what was known of it. */
  clear(role: 'pods' | 'replicaSets', namespace: string | undefined): void {
    if (role === 'replicaSets') {
      for (const [uid, set] of this.#replicaSets)
        if (set.metadata.namespace === namespace) this.#replicaSets.delete(uid);
      return;
    }
    for (const siblings of this.#pods.values()) {
      for (const [uid, pod] of siblings) if (pod.metadata.namespace === namespace) siblings.delete(uid);
    }
  }

  replicaSetsOf(uid: string | undefined): readonly KubernetesObject[] {
    return [...this.#replicaSets.values()].filter((set) => controllerOf(set) === uid);
  }

  /** Its own pods, and those of its replica sets. */
  podsOf(uid: string | undefined): readonly KubernetesObject[] {
    const controllers = [uid, ...this.replicaSetsOf(uid).map((set) => set.metadata.uid)];
    return controllers.flatMap((controller) => [...(this.#pods.get(controller ?? '')?.values() ?? [])]);
  }

  #ownerOf(controller: string): string | undefined {
    if (this.#owners.has(controller)) return controller;
    const set = this.#replicaSets.get(controller);
    return set === undefined ? undefined : controllerOf(set);
  }
}

function controllerOf(object: KubernetesObject): string | undefined {
  return (object.metadata.ownerReferences ?? []).find((owner) => owner.controller === true)?.uid;
}

function isReplicaSet(pod: KubernetesObject): boolean {
  return (pod.metadata.ownerReferences ?? []).some(
    (owner) => owner.controller === true && owner.kind === 'ReplicaSet',
  );
}
