import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { formatObject, referenceTo, type KubernetesObject } from '../../model/kubernetes-object.ts';
import { rankOf } from '../../model/waves.ts';
import { readLiveObjects } from './live-objects.ts';
import { placeObjects } from './placement.ts';
import { concurrency, type DeployRequest, type DeploySurroundings } from './request.ts';

/** Deletes these very objects, one after the other, in the order given. */
export async function removeObjects(
  objects: readonly KubernetesObject[],
  { client, deadline, log }: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  for (const live of objects) {
    const { uid } = live.metadata;
    await client.delete(
      referenceTo(live),
      { propagation: 'Foreground', ...(uid === undefined ? {} : { uid }) },
      deadline.signal,
    );
    log.line(`deleted ${formatObject(live)}`);
  }
  return objects;
}

/**
 * The delete action: removes the objects of the manifests that are there, what builds on others first, and waits until
 * they are really gone. Objects that are not there are no error.
 */
export async function deleteManifests(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  const { client, log } = surroundings;
  log.phase(`Plan for ${client.name}`);
  const placed = await placeObjects(request, surroundings);
  const live = [...(await readLiveObjects(placed, surroundings)).values()].sort(
    (one, other) => rankOf(other) - rankOf(one),
  );
  for (const object of live) log.line(`- ${formatObject(object)}`);
  log.line(live.length === 0 ? 'nothing to delete' : `${live.length} to delete`);
  if (live.length === 0) return live;
  log.phase('Delete');
  await removeAndWait(live, surroundings);
  return live;
}

/**
 * Deletes and waits until the objects are really gone, with what belongs to them.
 * @throws DeliveryError `DeadlineExceeded` naming what is still there and what it waits for
 */
export async function removeAndWait(
  objects: readonly KubernetesObject[],
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, clock, deadline } = surroundings;
  await removeObjects(objects, surroundings);
  let left = objects;
  for (;;) {
    const still = await mapConcurrently(left, concurrency, async (object) => {
      const found = await client.get(referenceTo(object));
      return found?.metadata.uid === object.metadata.uid ? found : undefined;
    });
    left = still.filter((object) => object !== undefined);
    if (left.length === 0) return;
    if (deadline.signal.aborted) throw stillThere(left, deadline.signal.reason);
    await clock.sleep(250, deadline.signal).catch(() => undefined);
  }
}

function stillThere(left: readonly KubernetesObject[], reason: unknown): Error {
  if (!(reason instanceof DeliveryError)) return reason instanceof Error ? reason : new Error('cancelled');
  const texts = left.map((object) => {
    const { finalizers } = object.metadata;
    const why =
      Array.isArray(finalizers) && finalizers.length > 0
        ? ` (waits for ${finalizers.map(String).join(', ')})`
        : '';
    return `${formatObject(object)}${why}`;
  });
  return new DeliveryError(
    'DeadlineExceeded',
    `still there when the deadline passed: ${texts.slice(0, 5).join('; ')}`,
    {
      hint: 'A finalizer waits for its controller: see whether it runs. The deletion goes on by itself once it does.',
      cause: reason,
    },
  );
}
