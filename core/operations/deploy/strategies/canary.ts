import { DeliveryError } from '../../../model/errors.ts';
import { numberAt, type KubernetesObject } from '../../../model/kubernetes-object.ts';
import { autoscalerOf } from '../../../model/strategy/autoscaling.ts';
import { divide, type Division } from '../../../model/strategy/division.ts';
import { strategyValue } from '../../../model/strategy/labels.ts';
import { ownerOf } from '../../../model/strategy/ownership.ts';
import {
  contentId,
  type CanaryProgress,
  type TrafficProviderName,
} from '../../../model/strategy/progress.ts';
import { nextStep, type CanaryStep } from '../../../model/strategy/steps.ts';
import { deploy } from '../deploy.ts';
import { placeObjects } from '../placement.ts';
import { planAll } from '../prepare.ts';
import type { DeployRequest, DeploySurroundings } from '../request.ts';
import { promoteCanary, rejectCanary } from './canary-end.ts';
import { performStep, type OpenCanary } from './canary-step.ts';
import {
  canaryOf,
  findServices,
  labelsApart,
  refuseStrangers,
  sideServices,
  trafficOf,
} from './canary-subjects.ts';
import type { StepJudge } from './judge.ts';
import {
  explained,
  nothingInProgress,
  withPatience,
  withStrategyLease,
  type StrategyOutcome,
} from './outcome.ts';
import { readProgress, writeProgress } from './progress-store.ts';
import { trafficProvider } from './traffic/providers.ts';

export interface CanaryOptions {
  readonly steps: readonly CanaryStep[];
  readonly traffic: TrafficProviderName;
  /** Take stable pods away for canary pods, so that the total stays as it is; for traffic by pods alone. */
  readonly constantTotal: boolean;
  /** One step, and then somebody else decides; otherwise all of them and the promotion. */
  readonly manual: boolean;
  readonly judge: StepJudge | undefined;
}

/**
 * Begins a canary, or goes on with the one that holds the same content: plan, canary pods beside stable ones, traffic, bake
 * time and checks step by step, promotion. A step that fails puts everything back unless the author wants it kept.
 */
export async function runCanary(
  request: DeployRequest,
  options: CanaryOptions,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  const underWay = await readProgress(request.name, request.namespace, surroundings);
  // What a canary under way has set for a while (pods, weights) is no conflict: it is given back before anything is applied.
  const planned = underWay === undefined ? request : { ...request, force: true };
  const plan = await planAll(planned, surroundings);
  return withStrategyLease(request, surroundings, async (own) => {
    const known = await continued(request, own);
    if (known?.phase === 'promoting') return promoteCanary(request, known, own);
    const division = divide(plan.changes.changes, strategyValue(request.name, 'canary'));
    if (known === undefined && division.subjects.length === 0) {
      own.log.line(
        'No running pods change, so there is nothing for a canary: an ordinary deployment follows.',
      );
      const deployment = await deploy(request, surroundings);
      return {
        state: deployment.failure === undefined ? 'promoted' : 'failed',
        weight: 100,
        deployment,
        failure: deployment.failure,
      };
    }
    const canary = await open(request, options, division, known, own);
    return advance(request, { ...options, steps: canary.progress.steps }, canary, own);
  });
}

/** The next step of the canary under way, by its own content: nothing is rendered again. */
export async function advanceCanary(
  request: DeployRequest,
  options: Pick<CanaryOptions, 'judge' | 'manual'>,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  return withStrategyLease(request, surroundings, async (own) => {
    const progress = await readProgress(request.name, request.namespace, own);
    if (progress?.strategy !== 'canary') throw nothingInProgress(request.name);
    if (progress.phase === 'promoting') return promoteCanary(request, progress, own);
    if (progress.phase === 'rejecting') return rejectCanary(request, progress, own);
    const stored = { ...request, manifests: progress.manifests };
    const plan = await planAll({ ...stored, force: true }, own);
    const division = divide(plan.changes.changes, strategyValue(request.name, 'canary'));
    const canary = await open(stored, { ...options, ...progress }, division, progress, own);
    return advance(stored, { ...options, ...progress }, canary, own);
  });
}

/** What is under way with the very content of the request; anything else under way is taken back first. */
async function continued(
  request: DeployRequest,
  own: DeploySurroundings,
): Promise<CanaryProgress | undefined> {
  const progress = await readProgress(request.name, request.namespace, own);
  if (progress === undefined) return undefined;
  if (progress.strategy !== 'canary') {
    throw new DeliveryError('ApplyConflict', `a blue-green deployment of ${request.name} is in progress`, {
      hint: 'Promote or reject it first.',
    });
  }
  if (progress.id === contentId(request.manifests) && progress.phase !== 'rejecting') return progress;
  own.log.line(`The canary of release ${progress.release} is taken back before the new one begins.`);
  await rejectCanary(request, progress, own);
  return undefined;
}

async function open(
  request: DeployRequest,
  options: CanaryOptions,
  division: Division,
  known: CanaryProgress | undefined,
  own: DeploySurroundings,
): Promise<OpenCanary> {
  const { log, deadline } = own;
  const owner = strategyValue(request.name, 'canary');
  const traffic = known?.traffic ?? options.traffic;
  const provider = trafficProvider(traffic, owner, own);
  const subjects = await findServices(division.subjects, own);
  const split = trafficOf(subjects);
  log.phase('Canary');
  if (known === undefined) {
    if (provider.splitsOutside && split.length === 0)
      await provider.check({ namespace: request.namespace, backends: new Map() }, deadline.signal);
    for (const each of split) await provider.check(each, deadline.signal);
  }
  const begun =
    known ??
    (await begin(
      request,
      options,
      subjects.map(({ live }) => live),
      own,
    ));
  const progress: CanaryProgress = {
    ...begun,
    steps: options.steps,
    apart: known?.apart ?? (provider.splitsOutside ? labelsApart(subjects) : []),
  };
  const services = await sideServices(subjects, request.name, progress, own);
  if (known === undefined) {
    const deployments = subjects.map((subject) => canaryOf(subject, 0, request.name, progress));
    await refuseStrangers([...deployments, ...services], owner, own);
  }
  for (const change of division.deferred) {
    const { kind, metadata } = change.manifest.object;
    log.line(`waits for the promotion: ${kind} ${metadata.name ?? metadata.generateName ?? ''}`);
  }
  return { name: request.name, owner, progress, division, subjects, split, services, provider };
}

async function begin(
  request: DeployRequest,
  options: CanaryOptions,
  live: readonly KubernetesObject[],
  own: DeploySurroundings,
): Promise<CanaryProgress> {
  const { client, deadline, log } = own;
  let { constantTotal } = options;
  if (constantTotal && options.traffic !== 'pods') {
    log.warning(
      'The total stays constant only where pods are the weight; with routes stable keeps all of its pods.',
    );
    constantTotal = false;
  }
  if (constantTotal) {
    const scaled = await scaledByOthers(live, { client, deadline });
    if (scaled !== undefined) {
      log.warning(`The total does not stay constant: an autoscaler sets the number of pods of ${scaled}.`);
      constantTotal = false;
    }
  }
  return {
    strategy: 'canary',
    id: contentId(request.manifests),
    release: request.history?.release ?? '',
    images: request.history?.images ?? [],
    manifests: (await placeObjects(request, own)).map(({ manifest }) => manifest),
    phase: 'stepping',
    traffic: options.traffic,
    constantTotal,
    steps: options.steps,
    weight: 0,
    stable: live.map((object) => {
      const { name = '', namespace = '' } = object.metadata;
      const owner = ownerOf(object, 'replicas');
      const replicas = numberAt(object, 'spec', 'replicas') ?? 1;
      return { namespace, name, replicas, ...(owner === undefined ? {} : { owner }) };
    }),
    apart: [],
  };
}

async function scaledByOthers(
  live: readonly KubernetesObject[],
  { client, deadline }: Pick<DeploySurroundings, 'client' | 'deadline'>,
): Promise<string | undefined> {
  for (const object of live) {
    const namespace = object.metadata.namespace ?? '';
    const query = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace };
    const { items } = await client.list(query, deadline.signal);
    if (autoscalerOf(object, items) !== undefined) return object.metadata.name;
  }
  return undefined;
}

async function advance(
  request: DeployRequest,
  options: CanaryOptions,
  opened: OpenCanary,
  own: DeploySurroundings,
): Promise<StrategyOutcome> {
  let canary = opened;
  try {
    // Kept before anything else is: whoever comes after a lost agent finds what was begun.
    await writeProgress(request.name, request.namespace, canary.progress, own);
    for (;;) {
      const step = nextStep(options.steps, canary.progress.weight);
      if (step === undefined) break;
      await performStep(canary, step, options.judge, own);
      canary = { ...canary, progress: { ...canary.progress, weight: step.weight } };
      await writeProgress(request.name, request.namespace, canary.progress, own);
      if (options.manual) {
        return { state: 'waiting', weight: step.weight, deployment: undefined, failure: undefined };
      }
    }
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const failure = await explained(error, own);
    if (request.onFailure === 'keep') {
      return { state: 'failed', weight: canary.progress.weight, deployment: undefined, failure };
    }
    const outcome = await rejectCanary(request, canary.progress, withPatience(own));
    return { ...outcome, failure };
  }
  if (options.manual) {
    own.log.line('All steps are done: promote or reject.');
    return { state: 'waiting', weight: canary.progress.weight, deployment: undefined, failure: undefined };
  }
  return promoteCanary(request, canary.progress, own);
}
