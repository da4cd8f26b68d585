import { countChanges, type Change } from '../../model/change-set.ts';
import { DeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import type { KubernetesObject } from '../../model/kubernetes-object.ts';
import { isRemovedAfterwards } from '../../model/lifecycle.ts';
import type { Action, DeployedObject, Deployment } from '../../model/release.ts';
import { applyChanges, type Progress } from './apply.ts';
import { diagnoseFailure, explainFailure } from './diagnose.ts';
import { recordHistory } from './history.ts';
import { joinSignals } from './joined-signal.ts';
import { acquireLease, type HeldLease } from './lease.ts';
import { planAll, type DeployPlan } from './prepare.ts';
import { announceSet, prune } from './prune.ts';
import { removeObjects } from './remove.ts';
import type { DeployRequest, DeploySurroundings } from './request.ts';
import { rollBack } from './rollback.ts';
import { RolloutFailure } from './rollout-failure.ts';

/** What a deployment came to. The failure, when there is one, is what the task reports. */
export interface DeployOutcome {
  readonly plan: DeployPlan;
  readonly objects: readonly DeployedObject[];
  readonly outcome: Deployment['outcome'];
  readonly failure: DeliveryError | undefined;
}

/** Plan, show the plan, apply, wait, prune; on failure say why and put everything back. */
export async function deploy(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<DeployOutcome> {
  const first = await planAll(request, surroundings);
  const progress: Progress = { applied: [] };
  if (countChanges(first.changes) === 0) return act(request, first, progress, surroundings);
  const namespace = first.changes.changes.find((change) => isNewNamespace(change, request.namespace));
  // Lease, set and history live in the namespace, so one that comes with the deployment comes first of all.
  if (namespace !== undefined) await applyChanges([namespace], request, surroundings, progress);
  const lease = await acquireLease(
    { namespace: request.namespace, name: `aks-delivery-${request.name}`, holder: request.holder },
    surroundings,
  );
  try {
    // Whoever was at work before has changed what the plan was made of.
    const plan = lease?.hasWaited === true ? await planAll(request, surroundings) : first;
    return await act(request, plan, progress, guarded(surroundings, lease));
  } finally {
    await lease?.release();
  }
}

function isNewNamespace({ action, manifest: { object } }: Change, name: string): boolean {
  return action === 'created' && object.kind === 'Namespace' && object.metadata.name === name;
}

async function act(
  request: DeployRequest,
  plan: DeployPlan,
  progress: Progress,
  surroundings: DeploySurroundings,
): Promise<DeployOutcome> {
  const { log } = surroundings;
  const { changes } = plan.changes;
  const wanted = changes.map(({ manifest }) => manifest.object);
  const early = new Set(progress.applied.map(({ change }) => change));
  let isReady = false;
  try {
    log.phase('Apply and wait');
    if (plan.prune !== undefined) await announceSet(plan.prune, wanted, surroundings);
    await applyChanges(
      changes.filter((change) => !early.has(change)),
      request,
      surroundings,
      progress,
    );
    isReady = true;
    const removed = await removeSurplus(plan, wanted, surroundings);
    await removeObjects(progress.applied.map(({ after }) => after).filter(isRemovedAfterwards), surroundings);
    await keepHistory(request, plan, surroundings);
    return outcomeOf(plan, progress, removed, 'succeeded', undefined);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const failure = error instanceof RolloutFailure ? await explain(error, surroundings) : error;
    // What fails after everything is ready is about what goes: it is no reason to take the ready version back.
    const isUndone = !isReady && request.onFailure === 'rollback' && (await rollBack(progress, surroundings));
    return outcomeOf(plan, progress, [], isUndone ? 'rolledBack' : 'failed', failure);
  }
}

async function keepHistory(
  request: DeployRequest,
  plan: DeployPlan,
  surroundings: DeploySurroundings,
): Promise<void> {
  if (request.history === undefined || countChanges(plan.changes) === 0) return;
  const at = new Date(surroundings.clock.now()).toISOString();
  const manifests = plan.changes.changes.map(({ manifest }) => manifest);
  await recordHistory(request.name, request.namespace, { ...request.history, at, manifests }, surroundings);
}

async function removeSurplus(
  plan: DeployPlan,
  wanted: readonly KubernetesObject[],
  surroundings: DeploySurroundings,
): Promise<readonly KubernetesObject[]> {
  if (plan.prune === undefined && plan.superseded.length === 0) return [];
  if (plan.changes.removals.length > 0) surroundings.log.phase('Remove');
  const superseded = await removeObjects(plan.superseded, surroundings);
  return plan.prune === undefined
    ? superseded
    : [...superseded, ...(await prune(plan.prune, wanted, surroundings))];
}

/** Losing the lease ends the work like a deadline does. */
function guarded(surroundings: DeploySurroundings, lease: HeldLease | undefined): DeploySurroundings {
  if (lease === undefined) return surroundings;
  const { deadline } = surroundings;
  return {
    ...surroundings,
    deadline: { ...deadline, signal: joinSignals(deadline.signal, lease.lost) },
  };
}

async function explain(failure: RolloutFailure, { client, log }: DeploySurroundings): Promise<DeliveryError> {
  log.phase('Diagnosis');
  const diagnoses = await diagnoseFailure(failure, { client });
  for (const diagnosis of diagnoses) for (const line of diagnosis.lines) log.line(line);
  return explainFailure(failure, diagnoses);
}

/** What was done to which object; what was never reached is skipped. */
function outcomeOf(
  plan: DeployPlan,
  progress: Progress,
  removed: readonly KubernetesObject[],
  outcome: Deployment['outcome'],
  failure: DeliveryError | undefined,
): DeployOutcome {
  const done = new Map<Change, KubernetesObject>(
    progress.applied.map(({ change, after }) => [change, after]),
  );
  const objects = plan.changes.changes.map((change) => {
    const after = done.get(change);
    return after === undefined
      ? describe(change.manifest.object, change.action === 'unchanged' ? 'unchanged' : 'skipped')
      : describe(after, change.action);
  });
  return {
    plan,
    objects: [...objects, ...removed.map((object) => describe(object, 'deleted'))],
    outcome,
    failure,
  };
}

function describe(object: KubernetesObject, action: Action): DeployedObject {
  const { name, generateName, namespace } = object.metadata;
  return defined({
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace,
    name: name ?? `${generateName ?? ''}*`,
    action,
  });
}
