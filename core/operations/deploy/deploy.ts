import type { Change, ChangeSet } from '../../model/change-set.ts';
import { formatChangeSet, summarize } from '../../model/change-set.ts';
import { DeliveryError } from '../../model/errors.ts';
import { defined } from '../../model/json.ts';
import type { KubernetesObject } from '../../model/kubernetes-object.ts';
import type { Action, DeployedObject, Deployment } from '../../model/release.ts';
import { applyChanges, type Progress } from './apply.ts';
import { diagnoseFailure, explainFailure } from './diagnose.ts';
import { planDeployment, warningsOf } from './plan.ts';
import type { DeployRequest, DeploySurroundings } from './request.ts';
import { rollBack } from './rollback.ts';
import { RolloutFailure } from './rollout-failure.ts';

/** What a deployment came to. The failure, when there is one, is what the task reports. */
export interface DeployOutcome {
  readonly changes: ChangeSet;
  readonly objects: readonly DeployedObject[];
  readonly outcome: Deployment['outcome'];
  readonly failure: DeliveryError | undefined;
}

/** Plan, show the plan, apply, wait, and on failure say why and put everything back. */
export async function deploy(
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<DeployOutcome> {
  const { log } = surroundings;
  const changes = await plan(request, surroundings);
  const progress: Progress = { applied: [] };
  try {
    log.phase('Apply and wait');
    await applyChanges(changes.changes, request, surroundings, progress);
    return {
      changes,
      objects: recordOf(changes.changes, progress),
      outcome: 'succeeded',
      failure: undefined,
    };
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const failure = error instanceof RolloutFailure ? await explain(error, surroundings) : error;
    const isUndone = request.onFailure === 'rollback' && (await rollBack(progress, surroundings));
    return {
      changes,
      objects: recordOf(changes.changes, progress),
      outcome: isUndone ? 'rolledBack' : 'failed',
      failure,
    };
  }
}

/** The change set, printed; nothing has been changed. */
export async function plan(
  request: DeployRequest,
  surroundings: Pick<DeploySurroundings, 'client' | 'log' | 'deadline'>,
): Promise<ChangeSet> {
  const { log, client } = surroundings;
  log.phase(`Plan for ${client.name}`);
  const changes: ChangeSet = { changes: await planDeployment(request, surroundings), removals: [] };
  for (const line of formatChangeSet(changes)) log.line(line);
  for (const warning of warningsOf(changes.changes)) log.warning(warning);
  return changes;
}

async function explain(failure: RolloutFailure, { client, log }: DeploySurroundings): Promise<DeliveryError> {
  log.phase('Diagnosis');
  const diagnoses = await diagnoseFailure(failure, { client });
  for (const diagnosis of diagnoses) for (const line of diagnosis.lines) log.line(line);
  return explainFailure(failure, diagnoses);
}

/** What was done to which object; what was never reached is skipped. */
function recordOf(changes: readonly Change[], progress: Progress): readonly DeployedObject[] {
  const done = new Map(progress.applied.map(({ change, after }) => [change, after]));
  return changes.map((change) => {
    const after = done.get(change);
    return after === undefined
      ? describe(change.manifest.object, change.action === 'unchanged' ? 'unchanged' : 'skipped')
      : describe(after, change.action);
  });
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

export { summarize };
