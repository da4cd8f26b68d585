import { ApiError } from '../../model/api-error.ts';
import { isSameJson } from '../../model/equality.ts';
import { DeliveryError, messageOf } from '../../model/errors.ts';
import {
  formatObject,
  referenceTo,
  withMetadata,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import { undoChange } from '../../model/restore.ts';
import type { AppliedObject, Progress } from './apply.ts';
import { fieldManager, type DeploySurroundings } from './request.ts';
import { waitForRollouts } from './wait.ts';

/** How long what was put back may take to be ready again; the deployment's own deadline may have passed already. */
const patience = 5 * 60_000;
const attempts = 5;

/**
 * Puts every object that this run changed back to its exact earlier state, ownership of fields included, and removes those
 * that it created; then waits until the old version is ready again.
 * @returns whether everything is as it was
 */
export async function rollBack(progress: Progress, surroundings: DeploySurroundings): Promise<boolean> {
  const { log, clock } = surroundings;
  const changed = progress.applied.filter(
    ({ change }) => change.action === 'created' || change.action === 'configured',
  );
  if (changed.length === 0) return true;
  log.phase('Roll back');
  // A time of its own: what went wrong may well have been that the time was up.
  const signal = AbortSignal.timeout(patience);
  const deadline = { at: clock.now() + patience, signal };
  const own = { ...surroundings, deadline };
  const restored: KubernetesObject[] = [];
  let isUndone = true;
  // Configuration comes back before the workloads that read it, as it went; what is new goes last, in reverse.
  const order = [
    ...changed.filter(({ change }) => change.action === 'configured'),
    ...changed.filter(({ change }) => change.action === 'created').reverse(),
  ];
  for (const applied of order) {
    if (applied.change.replaces === true) {
      // Its like has run to its end before; to make it anew would run it again.
      log.line(`${formatObject(applied.after)} replaced an earlier one, which is not run again`);
      continue;
    }
    try {
      const object = await putBack(applied, own);
      log.line(`${object === undefined ? 'removed' : 'restored'} ${formatObject(applied.after)}`);
      if (object !== undefined) restored.push(object);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      isUndone = false;
      log.warning(`${formatObject(applied.after)} could not be put back: ${error.message}`);
    }
  }
  try {
    await waitForRollouts(restored, own);
  } catch (error) {
    isUndone = false;
    log.warning(`What was put back is not ready: ${messageOf(error)}`);
  }
  return isUndone;
}

/** Undefined when the object is gone, as it was before. */
async function putBack(
  applied: AppliedObject,
  surroundings: DeploySurroundings,
): Promise<KubernetesObject | undefined> {
  const { client, deadline } = surroundings;
  const { before, after } = applied;
  const reference = referenceTo(after);
  if (before === undefined) {
    const { uid } = after.metadata;
    await client.delete(reference, uid === undefined ? {} : { uid }, deadline.signal);
    return undefined;
  }
  for (let attempt = 1; ; attempt += 1) {
    const current = await client.get(reference, deadline.signal);
    if (current === undefined) {
      throw new DeliveryError(
        'NotFound',
        `${formatObject(after)} was deleted in the meantime by somebody else`,
      );
    }
    try {
      const { object } = await client.replace(
        undoChange(current, before, after),
        { fieldManager, strict: false },
        deadline.signal,
      );
      return await giveBackOwnership(object, before, surroundings);
    } catch (error) {
      // Somebody wrote in between (optimistic lock): their write is kept, ours is undone on top of it.
      if (!(error instanceof ApiError) || error.status !== 409 || attempt === attempts) throw error;
    }
  }
}

/**
 * A replace makes its fields our own; a second one, of the ownership alone, gives them back to whom they belonged, so that
 * the next deployment takes fields out as if this one had never been.
 */
async function giveBackOwnership(
  object: KubernetesObject,
  before: KubernetesObject,
  { client, deadline }: DeploySurroundings,
): Promise<KubernetesObject> {
  const { managedFields } = before.metadata;
  if (managedFields === undefined || isSameJson(managedFields, object.metadata['managedFields']))
    return object;
  const own = withMetadata(object, { managedFields });
  return (await client.replace(own, { fieldManager, strict: false }, deadline.signal)).object;
}
