import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import { objectKey, referenceTo, type KubernetesObject } from '../../model/kubernetes-object.ts';
import type { PlacedObject } from './placement.ts';
import { concurrency, type DeploySurroundings } from './request.ts';

/** From how many objects of one kind and namespace on one list is cheaper than a request each. */
const worthAList = 4;

/** The objects as they are in the cluster now, by `objectKey`; what is not there is not in the map. */
export async function readLiveObjects(
  placed: readonly PlacedObject[],
  { client, deadline }: Pick<DeploySurroundings, 'client' | 'deadline'>,
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const live = new Map<string, KubernetesObject>();
  const groups = new Map<string, KubernetesObject[]>();
  for (const { manifest, isKindPending } of placed) {
    const { object } = manifest;
    if (isKindPending || object.metadata.name === undefined) continue;
    const key = [object.apiVersion, object.kind, object.metadata.namespace ?? ''].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  const single: KubernetesObject[] = [];
  await mapConcurrently([...groups.values()], concurrency, async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const listed = group.length < worthAList ? undefined : await tryList(first);
    if (listed === undefined) {
      single.push(...group);
      return;
    }
    const wanted = new Set(group.map(objectKey));
    for (const object of listed) {
      const key = objectKey(object);
      if (wanted.has(key)) live.set(key, object);
    }
  });
  await mapConcurrently(single, concurrency, async (object) => {
    const found = await client.get(referenceTo(object), deadline.signal);
    if (found !== undefined) live.set(objectKey(object), found);
  });
  return live;

  /** Undefined where the identity may read objects by name alone. */
  async function tryList(first: KubernetesObject): Promise<readonly KubernetesObject[] | undefined> {
    const { namespace } = first.metadata;
    const query = {
      apiVersion: first.apiVersion,
      kind: first.kind,
      ...(namespace === undefined ? {} : { namespace }),
    };
    try {
      return (await client.list(query, deadline.signal)).items;
    } catch (error) {
      if (error instanceof DeliveryError && error.code === 'Forbidden') return undefined;
      throw error;
    }
  }
}
