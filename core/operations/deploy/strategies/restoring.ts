import { ApiError } from '../../../model/api-error.ts';
import { isSameJson } from '../../../model/equality.ts';
import { DeliveryError, messageOf } from '../../../model/errors.ts';
import { without } from '../../../model/json.ts';
import {
  formatObject,
  objectKey,
  referenceTo,
  withMetadata,
  type KubernetesObject,
} from '../../../model/kubernetes-object.ts';
import { recreated, undoChange } from '../../../model/restore.ts';
import { rankOf } from '../../../model/waves.ts';
import { readLiveObjects } from '../live-objects.ts';
import type { PlacedObject } from '../placement.ts';
import { fieldManager, type DeploySurroundings } from '../request.ts';
import { waitForRollouts } from '../wait.ts';

const attempts = 5;

/**
 * Takes back what an earlier run has written of these objects, however far it came: they go back to what they were,
 * ownership of fields included, those that were not there go, and those that are gone come back.
 */
export async function restoreObjects(
  placed: readonly PlacedObject[],
  before: readonly KubernetesObject[],
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, deadline, log } = surroundings;
  const kept = new Map(before.map((object) => [objectKey(object), object]));
  const live = await readLiveObjects(placed, surroundings);
  const restored: KubernetesObject[] = [];
  const inOrder = [...live.values()].sort((one, other) => rankOf(one) - rankOf(other));
  for (const current of inOrder) {
    const earlier = kept.get(objectKey(current));
    if (earlier === undefined) continue;
    const object = await restoreObject(current, earlier, surroundings);
    if (object !== undefined) restored.push(object);
  }
  for (const [key, object] of kept) {
    if (live.has(key)) continue;
    restored.push((await client.create(recreated(object), { fieldManager }, deadline.signal)).object);
    log.line(`created ${formatObject(object)} again`);
  }
  for (const current of inOrder.reverse()) {
    if (kept.has(objectKey(current))) continue;
    const { uid } = current.metadata;
    await client.delete(referenceTo(current), uid === undefined ? {} : { uid }, deadline.signal);
    log.line(`removed ${formatObject(current)}`);
  }
  try {
    await waitForRollouts(restored, surroundings);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    log.warning(`What was put back is not ready: ${messageOf(error)}`);
  }
}

/** Undefined when it is as it was already. */
export async function restoreObject(
  found: KubernetesObject,
  earlier: KubernetesObject,
  { client, deadline, log }: DeploySurroundings,
): Promise<KubernetesObject | undefined> {
  if (isSameContent(found, earlier)) return undefined;
  const options = { fieldManager, strict: false };
  let current = found;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { object } = await client.replace(
        undoChange(current, earlier, current),
        options,
        deadline.signal,
      );
      const { managedFields } = earlier.metadata;
      const own = managedFields === undefined ? object : withMetadata(object, { managedFields });
      const { object: after } = await client.replace(own, options, deadline.signal);
      log.line(`restored ${formatObject(after)}`);
      return after;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
      const next = await client.get(referenceTo(found), deadline.signal);
      if (next === undefined) throw error;
      current = next;
    }
  }
}

/** Whether two objects say the same, whoever wrote it and however often. */
export function isSameContent(one: KubernetesObject, other: KubernetesObject): boolean {
  return isSameJson(contentOf(one), contentOf(other));
}

function contentOf(object: KubernetesObject): unknown {
  return {
    ...without(object, 'status'),
    metadata: without(object.metadata, 'resourceVersion', 'generation', 'managedFields'),
  };
}
