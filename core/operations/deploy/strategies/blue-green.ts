import { DeliveryError } from '../../../model/errors.ts';
import { mapConcurrently } from '../../../model/concurrency.ts';
import { numberAt, referenceTo, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import { without } from '../../../model/json.ts';
import type { ManifestObject } from '../../../model/manifest-object.ts';
import { autoscalerOf } from '../../../model/strategy/autoscaling.ts';
import { colorManifests, comesBeforeSwitch, type Coloring } from '../../../model/strategy/coloring.ts';
import {
  decideColors,
  deploymentsOf,
  refuseMixedServices,
  switchedServices,
  type ColorDecision,
} from '../../../model/strategy/colors.ts';
import { coloredName } from '../../../model/strategy/derived-objects.ts';
import { strategyLabel, strategyValue } from '../../../model/strategy/labels.ts';
import { ownerOf } from '../../../model/strategy/ownership.ts';
import { contentId, type BlueGreenProgress } from '../../../model/strategy/progress.ts';
import { applyChanges, type Progress } from '../apply.ts';
import { placeObjects } from '../placement.ts';
import { planAll } from '../prepare.ts';
import { concurrency, type DeployRequest, type DeploySurroundings } from '../request.ts';
import { applyOwn, refuseStrangers } from './canary-subjects.ts';
import { promotePreview, rejectPreview, settle } from './blue-green-end.ts';
import { requirePassed, type StepJudge, type StepSubject } from './judge.ts';
import { explained, withPatience, withStrategyLease, type StrategyOutcome } from './outcome.ts';
import { readProgress, writeProgress } from './progress-store.ts';
import { findPins, pinServices } from './switch.ts';

export interface BlueGreenOptions {
  /** Stop at the preview; promote or reject decides. */
  readonly manual: boolean;
  /** How long the old colour stays after the switch, in milliseconds. */
  readonly scaleDownDelay: number;
  readonly judge: StepJudge | undefined;
}

/** An application in its two colours, read from the cluster. */
export interface Stage {
  readonly decision: ColorDecision;
  readonly coloring: Coloring;
  readonly old: BlueGreenProgress['old'];
  readonly pins: BlueGreenProgress['pins'];
}

/**
 * Deploys the idle colour, waits until it is healthy, lets the checks look at it through its preview Services, switches the
 * Services, reads back that they send to it alone, and scales the old colour down later. Whatever fails before the switch
 * has been read back leaves or puts the old colour in its place.
 */
export async function runBlueGreen(
  request: DeployRequest,
  options: BlueGreenOptions,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const known = await settled(request, own);
    if (known?.phase === 'switching') return promotePreview(request, known, options.scaleDownDelay, own);
    const stage = await readStage(request, known, own);
    // A run that was interrupted while it held an adopted Service to its pods may own the selector still.
    const force = request.force || Object.keys(known?.pins ?? {}).length > 0;
    const colored: DeployRequest = { ...request, manifests: stage.coloring.manifests, prune: false, force };
    const plan = await planAll(colored, own);
    if (request.prune) own.log.warning('Nothing is pruned by a blue-green deployment.');
    const { changes } = plan.changes;
    const early = changes.filter(({ manifest, live }) =>
      comesBeforeSwitch(manifest, live === undefined, stage.coloring.deployments),
    );
    if (known === undefined && plan.changes.changes.every(({ action }) => action === 'unchanged')) {
      own.log.line(`Nothing changes: ${stage.decision.active} serves this very release.`);
      return { state: 'promoted', weight: 100, deployment: undefined, failure: undefined };
    }
    own.log.phase(`Deploy ${stage.decision.idle}, while ${stage.decision.active} serves`);
    const progress: BlueGreenProgress = known ?? {
      strategy: 'blueGreen',
      id: contentId(request.manifests),
      release: request.history?.release ?? '',
      images: request.history?.images ?? [],
      manifests: plan.changes.changes.map(({ manifest }) => manifest),
      phase: 'preview',
      active: stage.decision.active,
      idle: stage.decision.idle,
      old: stage.old,
      before: changes.flatMap(({ manifest, live }) =>
        live === undefined || isOwn(manifest.object) ? [] : [without(live, 'status') as KubernetesObject],
      ),
      pins: stage.pins,
    };
    if (known === undefined) {
      await refuseStrangers(
        [...stage.coloring.deployments, ...stage.coloring.previews],
        ownerOfName(request.name),
        own,
      );
    }
    await writeProgress(request.name, request.namespace, progress, own);
    try {
      await pinServices(progress.pins, own);
      const applied: Progress = { applied: [] };
      await applyChanges(early, { ...colored, force: true }, own, applied);
      await applyOwn(stage.coloring.previews, own);
      await check(progress, stage.coloring, options.judge, own);
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      const failure = await explained(error, own);
      if (request.onFailure === 'keep') return { state: 'failed', weight: 0, deployment: undefined, failure };
      return { ...(await rejectPreview(request, progress, withPatience(own))), failure };
    }
    if (options.manual) {
      own.log.line(`${progress.idle} is ready behind its preview Services: promote or reject.`);
      return { state: 'waiting', weight: 0, deployment: undefined, failure: undefined };
    }
    return promotePreview(request, progress, options.scaleDownDelay, own);
  });
}

/** Colours and copies of configuration: they are not put back, they go. */
function isOwn(object: KubernetesObject): boolean {
  return object.metadata.labels?.[strategyLabel] !== undefined;
}

function ownerOfName(name: string): string {
  return strategyValue(name, 'blueGreen');
}

/** What is under way with the content of the request. Of anything else the end is made first. */
async function settled(
  request: DeployRequest,
  own: DeploySurroundings,
): Promise<BlueGreenProgress | undefined> {
  const progress = await readProgress(request.name, request.namespace, own);
  if (progress === undefined) return undefined;
  if (progress.strategy !== 'blueGreen') {
    throw new DeliveryError('ApplyConflict', `a canary of ${request.name} is in progress`, {
      hint: 'Promote or reject it first.',
    });
  }
  const isSame = progress.id === contentId(request.manifests);
  if (progress.phase === 'switched' || progress.phase === 'done') {
    await settle(request, progress, isSame ? undefined : 0, own);
    return undefined;
  }
  if (isSame && progress.phase !== 'rejecting') return progress;
  own.log.line(`The preview of release ${progress.release} is taken back before the new one begins.`);
  await rejectPreview(request, progress, own);
  return undefined;
}

async function readStage(
  request: DeployRequest,
  known: BlueGreenProgress | undefined,
  own: DeploySurroundings,
): Promise<Stage> {
  const { client, deadline } = own;
  const placed = await placeObjects(request, own);
  const manifests: readonly ManifestObject[] = placed.map(({ manifest }) => manifest);
  const objects = manifests.map(({ object }) => object);
  const deployments = deploymentsOf(objects);
  const services = switchedServices(objects);
  if (services.length === 0) {
    throw new DeliveryError(
      'ManifestInvalid',
      'no Service of the manifests sends to one of its Deployments',
      {
        hint: 'Blue-green switches Services: give them with the Deployments that they select, or use another strategy.',
      },
    );
  }
  refuseMixedServices(objects);
  const live = await mapConcurrently(services, concurrency, (service) =>
    client.get(referenceTo(service), deadline.signal),
  );
  const found = decideColors(live);
  const decision = known === undefined ? found : { active: known.active, idle: known.idle };
  const suffix = (name: string): string =>
    decision.active === 'blue' || decision.active === 'green' ? coloredName(name, decision.active) : name;
  const serving = await mapConcurrently(deployments, concurrency, async (deployment) => {
    const reference = { ...referenceTo(deployment), name: suffix(deployment.metadata.name ?? '') };
    return client.get(reference, deadline.signal);
  });
  const replicas = await liveCounts(deployments, serving, own);
  return {
    decision,
    coloring: colorManifests(manifests, decision.idle, ownerOfName(request.name), replicas),
    old: decision.active === 'none' ? [] : serving.flatMap(workloadOf),
    pins:
      decision.active === 'plain'
        ? await findPins(
            live.filter((service) => service !== undefined),
            serving.filter((deployment) => deployment !== undefined),
            own,
          )
        : {},
  };
}

function workloadOf(object: KubernetesObject | undefined): BlueGreenProgress['old'] {
  if (object === undefined) return [];
  const { name = '', namespace = '' } = object.metadata;
  const owner = ownerOf(object, 'replicas');
  const replicas = numberAt(object, 'spec', 'replicas') ?? 1;
  return [{ namespace, name, replicas, ...(owner === undefined ? {} : { owner }) }];
}

/** Where an autoscaler or nobody in the manifests sets the number of pods, the new colour begins with what runs now. */
async function liveCounts(
  deployments: readonly KubernetesObject[],
  serving: readonly (KubernetesObject | undefined)[],
  { client, deadline }: DeploySurroundings,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const [index, deployment] of deployments.entries()) {
    const live = serving[index];
    const running = numberAt(live, 'spec', 'replicas');
    if (live === undefined || running === undefined || running === 0) continue;
    const { name = '', namespace = '' } = deployment.metadata;
    const query = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace };
    const { items } = await client.list(query, deadline.signal);
    const isScaled = autoscalerOf(live, items) !== undefined;
    if (isScaled || numberAt(deployment, 'spec', 'replicas') === undefined)
      counts.set(`${namespace}/${name}`, running);
  }
  return counts;
}

async function check(
  progress: BlueGreenProgress,
  coloring: Coloring,
  judge: StepJudge | undefined,
  { log, deadline }: DeploySurroundings,
): Promise<void> {
  if (judge === undefined) return;
  log.phase(`Check ${progress.idle}`);
  const named = coloring.services.map(({ metadata }): [string, string] => [
    `${metadata.namespace ?? ''}/${metadata.name ?? ''}`,
    metadata.name ?? '',
  ]);
  const subject: StepSubject = {
    title: `${progress.idle} before the switch`,
    weight: 0,
    candidate: new Map(named.map(([key, name]) => [key, `${name}-preview`])),
    baseline: progress.active === 'none' ? new Map() : new Map(named),
  };
  const verdict = await judge(subject, deadline.signal);
  requirePassed(subject, verdict);
  log.line(`checks passed: ${verdict.reason}`);
}
