import { DeliveryError } from '../../../model/errors.ts';
import { without } from '../../../model/json.ts';
import type { KubernetesObject } from '../../../model/kubernetes-object.ts';
import { ofAnnotation, strategyLabel, strategyValue } from '../../../model/strategy/labels.ts';
import type { CanaryProgress } from '../../../model/strategy/progress.ts';
import { deploy } from '../deploy.ts';
import { readHistory, recordHistory } from '../history.ts';
import { readLiveObjects } from '../live-objects.ts';
import { placeObjects } from '../placement.ts';
import type { DeployRequest, DeploySurroundings } from '../request.ts';
import { namespacesOf } from './canary-subjects.ts';
import { nothingInProgress, withPatience, withStrategyLease, type StrategyOutcome } from './outcome.ts';
import { readProgress, removeProgress, writeProgress } from './progress-store.ts';
import { removeDerived } from './removal.ts';
import { restoreObjects } from './restoring.ts';
import { restoreScale } from './stable-scale.ts';
import type { SplitTraffic } from './traffic/provider.ts';
import { trafficProvider } from './traffic/providers.ts';

/** The promote action: exactly what was looked at becomes the stable version. */
export async function promote(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const progress = await readProgress(request.name, request.namespace, own);
    if (progress?.strategy !== 'canary') throw nothingInProgress(request.name);
    if (progress.phase === 'rejecting') {
      throw new DeliveryError('ApplyConflict', `the canary of ${request.name} is being rejected`, {
        hint: 'Complete it with "reject", then begin again with "deploy".',
      });
    }
    return promoteCanary(request, progress, own);
  });
}

/** The reject action: everything as it was, and nothing of the canary left. Nothing in progress is no error. */
export async function reject(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const progress = await readProgress(request.name, request.namespace, own);
    if (progress?.strategy === 'canary') return rejectCanary(request, progress, own);
    own.log.line(`No canary of ${request.name} is in progress.`);
    await removeDerived(strategyValue(request.name, 'canary'), [request.namespace], [], own);
    return { state: 'rejected', weight: 0, deployment: undefined, failure: undefined };
  });
}

/** Traffic back to stable, which is then rolled; the canary's pods stay until the last of stable's is new. */
export async function promoteCanary(
  request: DeployRequest,
  known: CanaryProgress,
  own: DeploySurroundings,
): Promise<StrategyOutcome> {
  const { name, namespace } = request;
  const stored: DeployRequest = {
    ...request,
    manifests: known.manifests,
    // Recorded below, once: a run that is killed in between must neither lose the entry nor leave two.
    history: undefined,
  };
  own.log.phase(`Promote release ${known.release}`);
  await restoreScale(known.stable, own);
  await clearTraffic(name, known, own);
  const before = known.before ?? (await readBefore(stored, own));
  const historyBefore = known.historyBefore ?? (await newestEntry(name, namespace, own));
  const progress: CanaryProgress = { ...known, phase: 'promoting', before, historyBefore };
  await writeProgress(name, namespace, progress, own);
  const deployment = await deploy(stored, own);
  if (deployment.failure !== undefined) {
    if (request.onFailure === 'keep')
      return { state: 'failed', weight: known.weight, deployment, failure: deployment.failure };
    const outcome = await rejectCanary(request, progress, withPatience(own));
    return { ...outcome, deployment, failure: deployment.failure };
  }
  await removeDerived(strategyValue(name, 'canary'), namespacesIn(known), [], own);
  if ((await newestEntry(name, namespace, own)) === historyBefore) {
    const manifests = deployment.plan.changes.changes.map(({ manifest }) => manifest);
    const at = new Date(own.clock.now()).toISOString();
    const entry = { release: known.release, images: known.images, at, manifests };
    await recordHistory(name, namespace, entry, own);
  }
  await removeProgress(name, namespace, own);
  return { state: 'promoted', weight: 100, deployment, failure: undefined };
}

export async function rejectCanary(
  request: DeployRequest,
  known: CanaryProgress,
  own: DeploySurroundings,
): Promise<StrategyOutcome> {
  const { name, namespace } = request;
  own.log.phase(`Take back release ${known.release}`);
  if (known.phase !== 'rejecting')
    await writeProgress(name, namespace, { ...known, phase: 'rejecting' }, own);
  await restoreScale(known.stable, own);
  await clearTraffic(name, known, own);
  if (known.before !== undefined) {
    const placed = await placeObjects({ ...request, manifests: known.manifests }, own);
    await restoreObjects(placed, known.before, own);
    if (known.historyBefore !== undefined) await forgetEntries(name, namespace, known.historyBefore, own);
  }
  const early = known.manifests
    .map(({ object }) => object)
    .filter((object) => object.metadata.name !== undefined);
  const knownKinds: KubernetesObject[] = [];
  for (const object of early) {
    if ((await own.client.discovery.find(object.apiVersion, object.kind, own.deadline.signal)) !== undefined)
      knownKinds.push(object);
  }
  await removeDerived(strategyValue(name, 'canary'), namespacesIn(known), knownKinds, own);
  await removeProgress(name, namespace, own);
  own.log.line('Nothing of it is left.');
  return { state: 'rejected', weight: 0, deployment: undefined, failure: undefined };
}

async function newestEntry(name: string, namespace: string, own: DeploySurroundings): Promise<number> {
  return (await readHistory(name, namespace, own)).at(-1)?.number ?? 0;
}

/** What the history says of a promotion that is taken back. */
async function forgetEntries(
  name: string,
  namespace: string,
  after: number,
  own: DeploySurroundings,
): Promise<void> {
  for (const { number } of await readHistory(name, namespace, own)) {
    if (number <= after) continue;
    const entry = { apiVersion: 'v1', kind: 'Secret', namespace, name: `aks-delivery.${name}.${number}` };
    await own.client.delete(entry, {}, own.deadline.signal);
  }
}

/** Every object of the manifests as it is before the promotion writes the first of them. */
async function readBefore(
  request: DeployRequest,
  own: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  const live = await readLiveObjects(await placeObjects(request, own), own);
  return [...live.values()].map((object) => without(object, 'status') as KubernetesObject);
}

async function clearTraffic(name: string, known: CanaryProgress, own: DeploySurroundings): Promise<void> {
  const provider = trafficProvider(known.traffic, strategyValue(name, 'canary'), own);
  for (const traffic of await splitOf(name, known, own)) await provider.clear(traffic, own.deadline.signal);
}

/** The Services that have a canary of this deployment beside them. */
async function splitOf(
  name: string,
  known: CanaryProgress,
  { client, deadline }: DeploySurroundings,
): Promise<readonly SplitTraffic[]> {
  const split: SplitTraffic[] = [];
  for (const namespace of namespacesIn(known)) {
    const labelSelector = `${strategyLabel}=${strategyValue(name, 'canary')}`;
    const query = { apiVersion: 'v1', kind: 'Service', namespace, labelSelector };
    const { items } = await client.list(query, deadline.signal);
    const backends = items
      .map(({ metadata }): [string, string] => [
        metadata.annotations?.[ofAnnotation] ?? '',
        metadata.name ?? '',
      ])
      .filter(([service, canary]) => canary === `${service}-canary`);
    split.push({ namespace, backends: new Map(backends) });
  }
  return split;
}

function namespacesIn(known: CanaryProgress): readonly string[] {
  return [
    ...new Set([
      ...namespacesOf(known.manifests.map(({ object }) => object)),
      ...known.stable.map((one) => one.namespace),
    ]),
  ];
}
