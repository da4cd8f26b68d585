import { DeliveryError } from '../../../model/errors.ts';
import { formatObject, referenceTo, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import { mapConcurrently } from '../../../model/concurrency.ts';
import { strategyLabel } from '../../../model/strategy/labels.ts';
import { concurrency, type DeploySurroundings } from '../request.ts';

/** Kinds that a strategy makes, in the order in which they go: what sends traffic before what takes it. */
const derivedKinds = [
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
] as const;
/** What these leave behind for a while. */
const remains = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
] as const;

const interval = 500;

/** Everything that carries the strategy's label: what it made, wherever a run that made it was interrupted. */
export async function listDerived(
  owner: string,
  namespaces: readonly string[],
  { client, deadline }: DeploySurroundings,
  kinds: readonly { readonly apiVersion: string; readonly kind: string }[] = derivedKinds,
): Promise<readonly KubernetesObject[]> {
  const queries = kinds.flatMap((kind) =>
    namespaces.map((namespace) => ({ ...kind, namespace, labelSelector: `${strategyLabel}=${owner}` })),
  );
  const lists = await mapConcurrently(queries, concurrency, (query) => client.list(query, deadline.signal));
  return lists.flatMap(({ items }) => items);
}

/**
 * Deletes what the strategy made and waits until the cluster has none of it, replica sets and pods included.
 * @param early objects of the manifests that came early; those that still carry the label go as well
 * @throws DeliveryError `DeadlineExceeded` naming what is left
 */
export async function removeDerived(
  owner: string,
  namespaces: readonly string[],
  early: readonly KubernetesObject[],
  surroundings: DeploySurroundings,
): Promise<void> {
  const { client, log, clock, deadline } = surroundings;
  const derived = await listDerived(owner, namespaces, surroundings);
  const came = await mapConcurrently(early, concurrency, (object) =>
    client.get(referenceTo(object), deadline.signal),
  );
  const others = came.filter(
    (object) =>
      object?.metadata.labels?.[strategyLabel] === owner &&
      !derived.some((one) => one.metadata.uid === object.metadata.uid),
  );
  for (const object of [...derived, ...others]) {
    if (object === undefined) continue;
    const { uid } = object.metadata;
    await client.delete(referenceTo(object), uid === undefined ? {} : { uid }, deadline.signal);
    log.line(`deleted ${formatObject(object)}`);
  }
  for (;;) {
    const left = await listDerived(owner, namespaces, surroundings, [...derivedKinds, ...remains]);
    if (left.length === 0) return;
    try {
      await clock.sleep(interval, deadline.signal);
    } catch (error) {
      throw stillThere(left, error);
    }
  }
}

function stillThere(left: readonly KubernetesObject[], cause: unknown): DeliveryError {
  const names = left.slice(0, 5).map(formatObject).join(', ');
  return new DeliveryError('DeadlineExceeded', `still there when the deadline passed: ${names}`, {
    hint: 'Run the same action again: it goes on where this one ended.',
    cause,
  });
}
