import { isSameJson } from './equality.ts';
import { isObject, without, type JsonObject } from './json.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

/**
 * The object as it is now, with everything that this run changed put back to what it was before. What others have changed
 * since stays: their fields are the same before and after our own write.
 */
export function undoChange(
  current: KubernetesObject,
  before: KubernetesObject,
  after: KubernetesObject,
): KubernetesObject {
  const strip = (object: KubernetesObject): JsonObject => ({
    ...without(object, 'status'),
    metadata: without(object.metadata, 'resourceVersion', 'generation', 'managedFields'),
  });
  const undone = undo(strip(current), strip(before), strip(after)) as KubernetesObject;
  const { resourceVersion } = current.metadata;
  return {
    ...undone,
    metadata: { ...undone.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  };
}

function undo(current: unknown, before: unknown, after: unknown): unknown {
  if (isSameJson(before, after)) return current;
  if (!isObject(current) || !isObject(before) || !isObject(after)) return before;
  const result: Record<string, unknown> = { ...current };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (isSameJson(before[name], after[name])) continue;
    if (before[name] === undefined) Reflect.deleteProperty(result, name);
    else result[name] = undo(current[name], before[name], after[name]);
  }
  return result;
}

/** What a deleted object must be made of to come back: everything but what the server gave it. */
export function recreated(object: KubernetesObject): KubernetesObject {
  return {
    ...without(object, 'status'),
    metadata: without(
      object.metadata,
      'uid',
      'resourceVersion',
      'generation',
      'creationTimestamp',
      'managedFields',
      'selfLink',
      'ownerReferences',
    ),
  } as KubernetesObject;
}
