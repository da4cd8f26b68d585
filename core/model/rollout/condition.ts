import { numberAt, objectsAt, textAt, type KubernetesObject } from '../kubernetes-object.ts';
import { progressing, type RolloutState } from './state.ts';

/** One entry of `status.conditions` (API conventions, "Typical status properties"). */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function conditionOf(object: KubernetesObject, type: string): Condition | undefined {
  const found = objectsAt(object, 'status', 'conditions').find((entry) => entry['type'] === type);
  if (found === undefined) return undefined;
  const status = textAt(found, 'status');
  return {
    type,
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: textAt(found, 'reason') ?? '',
    message: textAt(found, 'message') ?? '',
  };
}

/** `reason: message`, or the one of them that there is. */
export function explain(condition: Condition): string {
  return [condition.reason, condition.message].filter((text) => text !== '').join(': ');
}

/** Undefined once the controller has seen the object as it is now; a status before that is about an older one. */
export function unobserved(object: KubernetesObject): RolloutState | undefined {
  const generation = object.metadata.generation ?? 0;
  // Argo Rollouts writes the number as text.
  const observed =
    numberAt(object, 'status', 'observedGeneration') ??
    Number(textAt(object, 'status', 'observedGeneration') ?? 0);
  return observed >= generation ? undefined : progressing('waiting for its controller to see the change');
}
