import {
  applySetId,
  applySetParent,
  contentOf,
  isProtected,
  partOfLabel,
  readApplySet,
  tooling,
  toolingOf,
  unionOf,
  type ApplySetContent,
  type ApplySetName,
} from '../../model/apply-set.ts';
import type { Removal } from '../../model/change-set.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import { DeliveryError } from '../../model/errors.ts';
import {
  formatObject,
  objectKey,
  referenceTo,
  withMetadata,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import type { ManifestObject } from '../../model/manifest-object.ts';
import { rankOf } from '../../model/waves.ts';
import { concurrency, fieldManager, type DeploySurroundings } from './request.ts';

type Asking = Pick<DeploySurroundings, 'client' | 'deadline'>;

/** What is to be removed, and what the set's parent has said so far. */
export interface PrunePlan {
  readonly set: ApplySetName;
  readonly before: ApplySetContent;
  readonly removals: readonly Removal[];
  readonly kept: readonly KubernetesObject[];
}

/** Makes every object a member of its set. */
export function withMembership(
  manifests: readonly ManifestObject[],
  set: ApplySetName,
): readonly ManifestObject[] {
  const id = applySetId(set);
  return manifests.map((manifest) => ({
    ...manifest,
    object: withMetadata(manifest.object, {
      labels: { ...manifest.object.metadata.labels, [partOfLabel]: id },
    }),
  }));
}

/**
 * The members of the set that the manifests no longer have (KEP-3659). Kinds and namespaces come from the set's parent,
 * so that the last object of a kind is found as well.
 * @throws DeliveryError `ApplyConflict` when another tool manages the set
 */
export async function planPrune(
  wanted: readonly KubernetesObject[],
  set: ApplySetName,
  { client, deadline }: Asking,
): Promise<PrunePlan> {
  const reference = { apiVersion: 'v1', kind: 'Secret', namespace: set.namespace, name: set.name };
  const parent = await client.get(reference, deadline.signal);
  if (parent === undefined) return { set, before: { kinds: [], namespaces: [] }, removals: [], kept: [] };
  const manager = toolingOf(parent);
  if (manager === undefined || manager.split('/')[0] !== tooling.split('/')[0]) {
    throw new DeliveryError(
      'ApplyConflict',
      `${formatObject(parent)} ${manager === undefined ? 'is there and no apply set' : `is an apply set of ${manager}`}`,
      { hint: 'Choose another "deploymentName", or delete the Secret if nothing uses it any more.' },
    );
  }
  const before = readApplySet(parent, set);
  const members = await membersOf(before, set, { client, deadline });
  const keys = new Set(wanted.map(objectKey));
  const gone = members.filter((member) => !keys.has(objectKey(member)));
  return {
    set,
    before,
    // Last applied is first removed: workloads before what they use.
    removals: gone
      .filter((member) => !isProtected(member))
      .sort((one, other) => rankOf(other) - rankOf(one))
      .map((live) => ({ live })),
    kept: gone.filter(isProtected),
  };
}

async function membersOf(
  content: ApplySetContent,
  set: ApplySetName,
  { client, deadline }: Asking,
): Promise<readonly KubernetesObject[]> {
  const labelSelector = `${partOfLabel}=${applySetId(set)}`;
  const lists = await mapConcurrently(content.kinds, concurrency, async ({ group, kind }) => {
    const apiVersion = await client.discovery.preferredVersion(group, deadline.signal);
    const resource =
      apiVersion === undefined ? undefined : await client.discovery.find(apiVersion, kind, deadline.signal);
    // A kind whose definition is gone has no objects left either.
    if (apiVersion === undefined || resource === undefined) return [];
    const namespaces = resource.namespaced ? content.namespaces : [undefined];
    const found = await mapConcurrently(namespaces, concurrency, (namespace) =>
      client.list(
        { apiVersion, kind, labelSelector, ...(namespace === undefined ? {} : { namespace }) },
        deadline.signal,
      ),
    );
    return found.flatMap(({ items }) => items);
  });
  return lists.flat();
}

/** Before anything is applied the parent names all kinds and namespaces, old and new: then nothing is ever lost sight of. */
export async function announceSet(
  plan: PrunePlan,
  wanted: readonly KubernetesObject[],
  { client, deadline }: Asking,
): Promise<void> {
  const content = unionOf(plan.before, contentOf(wanted));
  await client.apply(applySetParent(plan.set, content), { fieldManager, force: true }, deadline.signal);
}

/** Removes what has left the set, then lets the parent name what is left. @returns the removed objects */
export async function prune(
  plan: PrunePlan,
  wanted: readonly KubernetesObject[],
  { client, deadline, log }: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  const removed: KubernetesObject[] = [];
  for (const { live } of plan.removals) {
    const { uid } = live.metadata;
    await client.delete(referenceTo(live), uid === undefined ? {} : { uid }, deadline.signal);
    log.line(`deleted ${formatObject(live)}`);
    removed.push(live);
  }
  const content = contentOf([...wanted, ...plan.kept]);
  await client.apply(applySetParent(plan.set, content), { fieldManager, force: true }, deadline.signal);
  return removed;
}
