import type { KubernetesObject } from '../kubernetes-object.ts';

/**
 * How far an object is. `succeeded` and `failed` are final for the object as it is now; everything in between is
 * progressing. `message` is one line for a person.
 */
export type RolloutState =
  | { readonly state: 'progressing'; readonly message: string }
  | { readonly state: 'succeeded'; readonly message: string }
  | { readonly state: 'failed'; readonly reason: string; readonly message: string };

/** What is judged: the object as it is, and the pods and replica sets that belong to it, as far as they are known. */
export interface RolloutSnapshot {
  readonly object: KubernetesObject;
  readonly replicaSets?: readonly KubernetesObject[];
  readonly pods?: readonly KubernetesObject[];
}

export function progressing(message: string): RolloutState {
  return { state: 'progressing', message };
}

export function succeeded(message: string): RolloutState {
  return { state: 'succeeded', message };
}

export function failed(reason: string, message: string): RolloutState {
  return { state: 'failed', reason, message };
}

export function isFinal(state: RolloutState): boolean {
  return state.state !== 'progressing';
}
