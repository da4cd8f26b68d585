import { DeliveryError } from '../../../model/errors.ts';
import { diagnoseFailure, explainFailure } from '../diagnose.ts';
import type { DeployOutcome } from '../deploy.ts';
import { joinSignals } from '../joined-signal.ts';
import { acquireLease } from '../lease.ts';
import type { DeployRequest, DeploySurroundings } from '../request.ts';
import { RolloutFailure } from '../rollout-failure.ts';

/** What a run of a strategy came to. */
export interface StrategyOutcome {
  /**
   * `waiting`: a step is done and somebody decides how it goes on. `promoted`: the new version serves alone.
   * `rejected`: everything is as it was. `failed`: neither.
   */
  readonly state: 'waiting' | 'promoted' | 'rejected' | 'failed';
  /** Percent of the traffic that the new version gets. */
  readonly weight: number;
  /** What the promotion did to the objects of the manifests. */
  readonly deployment: DeployOutcome | undefined;
  readonly failure: DeliveryError | undefined;
}

/** Strategies of one deployment exclude each other; the deployment that a promotion ends with has a lease of its own. */
export async function withStrategyLease<Result>(
  request: Pick<DeployRequest, 'name' | 'namespace' | 'holder'>,
  surroundings: DeploySurroundings,
  work: (surroundings: DeploySurroundings) => Promise<Result>,
): Promise<Result> {
  const { name, namespace, holder } = request;
  const lease = await acquireLease(
    { namespace, name: `aks-delivery-${name}-strategy`, holder },
    surroundings,
  );
  if (lease === undefined) return work(surroundings);
  const { deadline } = surroundings;
  const signal = joinSignals(deadline.signal, lease.lost);
  try {
    return await work({ ...surroundings, deadline: { ...deadline, signal } });
  } finally {
    await lease.release();
  }
}

/** The failure as its author can act on it; a failed rollout with its diagnosis. */
export async function explained(
  error: DeliveryError,
  { client, log }: DeploySurroundings,
): Promise<DeliveryError> {
  if (!(error instanceof RolloutFailure)) return error;
  log.phase('Diagnosis');
  const diagnoses = await diagnoseFailure(error, { client });
  for (const diagnosis of diagnoses) for (const line of diagnosis.lines) log.line(line);
  return explainFailure(error, diagnoses);
}

/** How long putting things back may take; the deadline of the run may be what has passed. */
const patience = 5 * 60_000;

export function withPatience(surroundings: DeploySurroundings): DeploySurroundings {
  const deadline = { at: surroundings.clock.now() + patience, signal: AbortSignal.timeout(patience) };
  return { ...surroundings, deadline };
}

export function nothingInProgress(name: string): DeliveryError {
  return new DeliveryError('NotFound', `no delivery of ${name} is in progress`, {
    hint: 'Begin one with "deploy". "deploymentName" and "namespace" must be the same in all steps.',
  });
}
