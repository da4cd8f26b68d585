import { isProtected } from '../../model/apply-set.ts';
import { formatChangeSet, type ChangeSet, type Removal } from '../../model/change-set.ts';
import { mapConcurrently } from '../../model/concurrency.ts';
import {
  formatObject,
  objectKey,
  referenceTo,
  type KubernetesObject,
} from '../../model/kubernetes-object.ts';
import { rankOf } from '../../model/waves.ts';
import { placeObjects, type PlacedObject } from './placement.ts';
import { planChanges, warningsOf } from './plan.ts';
import { checkPermissions } from './preflight.ts';
import { planPrune, withMembership, type PrunePlan } from './prune.ts';
import { concurrency, type DeployRequest, type DeploySurroundings } from './request.ts';

/** Everything that a deployment is going to do. */
export interface DeployPlan {
  readonly changes: ChangeSet;
  readonly prune: PrunePlan | undefined;
  readonly superseded: readonly KubernetesObject[];
}

type Asking = Pick<DeploySurroundings, 'client' | 'log' | 'deadline'>;

/** Rights, then the change set, then what is to be removed; printed, and nothing changed. */
export async function planAll(request: DeployRequest, surroundings: Asking): Promise<DeployPlan> {
  const { log, client } = surroundings;
  log.phase(`Plan for ${client.name}`);
  const set = { namespace: request.namespace, name: request.name };
  const manifests = request.prune ? withMembership(request.manifests, set) : request.manifests;
  const placed = await placeObjects({ ...request, manifests }, surroundings);
  const needs = { canUndo: request.onFailure === 'rollback', canPrune: request.prune };
  // Both only ask, so both go out at once; a missing right also fails the dry run, and is told by the former, completely.
  const [rights, planned] = await Promise.allSettled([
    checkPermissions(placed, needs, surroundings),
    planChanges(placed, request, surroundings),
  ]);
  if (rights.status === 'rejected') throw rights.reason;
  if (planned.status === 'rejected') throw planned.reason;
  const changes = planned.value;
  const wanted = placed.map(({ manifest }) => manifest.object);
  const prune = request.prune ? await planPrune(wanted, set, surroundings) : undefined;
  const superseded = await readSuperseded(
    request.superseded ?? [],
    placed,
    prune?.removals ?? [],
    surroundings,
  );
  const removals = [...superseded.map((live) => ({ live })), ...(prune?.removals ?? [])];
  const all: ChangeSet = { changes, removals };
  for (const line of formatChangeSet(all)) log.line(line);
  for (const object of prune?.kept ?? [])
    log.line(`. ${formatObject(object)} is no longer wanted and kept: it is protected`);
  for (const warning of warningsOf(changes)) log.warning(warning);
  return { changes: all, prune, superseded };
}

/** What a superseded release has beyond the wanted objects and is still there. */
async function readSuperseded(
  candidates: readonly KubernetesObject[],
  placed: readonly PlacedObject[],
  pruned: readonly Removal[],
  { client, deadline }: Asking,
): Promise<readonly KubernetesObject[]> {
  const keys = new Set([
    ...placed.map(({ manifest }) => objectKey(manifest.object)),
    ...pruned.map(({ live }) => objectKey(live)),
  ]);
  const surplus = candidates.filter(
    (object) => object.metadata.name !== undefined && !keys.has(objectKey(object)),
  );
  const live = await mapConcurrently(surplus, concurrency, (object) =>
    client.get(referenceTo(object), deadline.signal),
  );
  return live
    .filter((object) => object !== undefined)
    .filter((object) => !isProtected(object))
    .sort((one, other) => rankOf(other) - rankOf(one));
}
