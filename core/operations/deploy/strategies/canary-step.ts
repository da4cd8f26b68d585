import { DeliveryError } from '../../../model/errors.ts';
import { formatDuration } from '../../../model/duration.ts';
import {
  formatObject,
  numberAt,
  referenceTo,
  type KubernetesObject,
} from '../../../model/kubernetes-object.ts';
import { mapConcurrently } from '../../../model/concurrency.ts';
import { objectKey } from '../../../model/kubernetes-object.ts';
import type { Division } from '../../../model/strategy/division.ts';
import type { CanaryProgress } from '../../../model/strategy/progress.ts';
import { achievedShare, formatShare, type Counts } from '../../../model/strategy/replicas.ts';
import type { CanaryStep } from '../../../model/strategy/steps.ts';
import { joinSignals } from '../joined-signal.ts';
import { concurrency, fieldManager, type DeploySurroundings } from '../request.ts';
import { waitForRollouts } from '../wait.ts';
import { applyOwn, canaryOf, countsOf, labelled, type Subject } from './canary-subjects.ts';
import { requirePassed, type StepJudge, type StepSubject } from './judge.ts';
import { scaleFor } from './stable-scale.ts';
import type { SplitTraffic, TrafficProvider } from './traffic/provider.ts';

/** A canary that is ready for its next step. */
export interface OpenCanary {
  readonly name: string;
  readonly owner: string;
  readonly progress: CanaryProgress;
  readonly division: Division;
  readonly subjects: readonly Subject[];
  readonly split: readonly SplitTraffic[];
  /** Services that reach one side alone. */
  readonly services: readonly KubernetesObject[];
  readonly provider: TrafficProvider;
}

/**
 * Gives the canary its weight and watches it for the bake time while the checks run. Everything in it may be done twice.
 * @throws RolloutFailure, DeliveryError `GateFailed`, `GateInconclusive`: the step is not passed
 */
export async function performStep(
  canary: OpenCanary,
  step: CanaryStep,
  judge: StepJudge | undefined,
  own: DeploySurroundings,
): Promise<void> {
  const { division, subjects, services, provider, split, owner, progress } = canary;
  const { log, deadline, client } = own;
  log.phase(`Canary at ${step.weight}%`);
  const created = division.early
    .filter((change) => change.action === 'created')
    .map((change) => change.manifest);
  const renewed = division.early.filter((change) => change.action !== 'created');
  await applyOwn(labelled(created, owner), own);
  for (const { manifest } of renewed) {
    await client.apply(manifest.object, { fieldManager, force: true }, deadline.signal);
  }
  await applyOwn(
    division.configuration.map(({ object }) => object),
    own,
  );
  await applyOwn(services, own);

  const counts = subjects.map((subject) => countsOf(subject, step.weight, progress, provider.splitsOutside));
  const wanted = subjects.map((subject, index) =>
    canaryOf(subject, counts[index]?.canary ?? 1, canary.name, progress),
  );
  await waitForRollouts(await applyOwn(wanted, own), own);
  if (progress.constantTotal) await scaleStable(subjects, counts, own);
  for (const [index, subject] of subjects.entries())
    tell(subject, counts[index], provider.splitsOutside, own);
  for (const each of split) {
    const share = await provider.shift(each, step.weight, deadline.signal);
    if (share !== undefined)
      log.line(`the routes of ${each.namespace} give the canary ${formatShare(share)}%`);
  }
  await watch(canary, step, wanted, judge, own);
}

/** Canary pods are there before stable ones go. */
async function scaleStable(
  subjects: readonly Subject[],
  counts: readonly Counts[],
  own: DeploySurroundings,
): Promise<void> {
  const scaled = await mapConcurrently(subjects, concurrency, async ({ live }, index) => {
    const replicas = counts[index]?.stable;
    const { namespace = '', name = '' } = live.metadata;
    if (replicas === undefined || numberAt(live, 'spec', 'replicas') === replicas) return undefined;
    return scaleFor({ namespace, name }, replicas, own);
  });
  await waitForRollouts(
    scaled.filter((object) => object !== undefined),
    own,
  );
}

function tell(
  subject: Subject,
  counts: Counts | undefined,
  splitsOutside: boolean,
  { log }: DeploySurroundings,
): void {
  if (counts === undefined) return;
  const pods = `${formatObject(subject.live)}: ${counts.canary} canary and ${counts.stable} stable pods`;
  log.line(
    splitsOutside ? pods : `${pods}, ${formatShare(achievedShare(counts))}% of the traffic of its Services`,
  );
}

async function watch(
  canary: OpenCanary,
  step: CanaryStep,
  deployments: readonly KubernetesObject[],
  judge: StepJudge | undefined,
  own: DeploySurroundings,
): Promise<void> {
  const { log, clock, deadline } = own;
  const subject = subjectOf(canary, step);
  const over = new AbortController();
  const signal = joinSignals(deadline.signal, over.signal);
  if (step.bake > 0) log.line(`watched for ${formatDuration(step.bake)}`);
  const baking = step.bake === 0 ? Promise.resolve() : clock.sleep(step.bake, signal);
  const judging = judge?.(subject, signal).then((verdict) => {
    requirePassed(subject, verdict);
    log.line(`checks passed: ${verdict.reason}`);
  });
  try {
    await Promise.all([baking, judging]);
  } finally {
    over.abort(new Error('the step is over'));
    await Promise.allSettled([baking, judging]);
  }
  await requireHealthy(deployments, own);
}

/** After the bake time no pod of the canary may be missing. */
async function requireHealthy(
  deployments: readonly KubernetesObject[],
  { client, deadline }: DeploySurroundings,
): Promise<void> {
  for (const deployment of deployments) {
    const live = await client.get(referenceTo(deployment), deadline.signal);
    const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
    const available = numberAt(live, 'status', 'availableReplicas') ?? 0;
    if (live !== undefined && available >= wanted) continue;
    throw new DeliveryError(
      'RolloutFailed',
      `${formatObject(deployment)} ${live === undefined ? 'is gone' : `has ${available} of ${wanted} pods available`} after its bake time`,
      { hint: 'The pods did not stay healthy under traffic: see their logs and restarts.' },
    );
  }
}

function subjectOf({ services, subjects }: OpenCanary, step: CanaryStep): StepSubject {
  const present = new Set(services.map(objectKey));
  const sides = (side: 'canary' | 'stable'): ReadonlyMap<string, string> => {
    const named = new Map<string, string>();
    for (const { services: own } of subjects) {
      for (const service of own) {
        const { name = '', namespace = '' } = service.metadata;
        const derived = { apiVersion: 'v1', kind: 'Service', namespace, name: `${name}-${side}` };
        if (present.has(objectKey(derived))) named.set(`${namespace}/${name}`, derived.name);
      }
    }
    return named;
  };
  return {
    title: `the canary at ${step.weight}%`,
    weight: step.weight,
    candidate: sides('canary'),
    baseline: sides('stable'),
  };
}
