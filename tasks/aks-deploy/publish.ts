import { systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import { countChanges, summarize } from '../../core/model/change-set.ts';
import type { Replacement } from '../../core/model/image-substitution.ts';
import { defined } from '../../core/model/json.ts';
import { withDeployment, type DeployedImage, type Deployment } from '../../core/model/release.ts';
import type { DeployOutcome } from '../../core/operations/deploy/deploy.ts';
import type { DeployPlan } from '../../core/operations/deploy/prepare.ts';
import type { DeployRequest } from '../../core/operations/deploy/request.ts';
import { runOf, writeRelease } from '../release-file.ts';
import type { DeployInputs } from './inputs.ts';
import { formatSummary } from './summary.ts';

export function publishPlan(
  agent: Agent,
  action: 'diff' | 'validate',
  plan: DeployPlan,
  replacements: readonly Replacement[],
): void {
  const count = countChanges(plan.changes);
  agent.setOutput('changes', String(count));
  if (action === 'validate') {
    agent.log.line(`The cluster accepts all ${plan.changes.changes.length} objects.`);
    return;
  }
  agent.addSummary(`Plan: ${summarize(plan.changes)}`, formatSummary(plan.changes, replacements));
}

export interface PublishedDeployment {
  readonly images: readonly DeployedImage[];
  readonly replacements: readonly Replacement[];
  readonly request: DeployRequest;
  readonly outcome: DeployOutcome;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly cluster: string;
}

/** Writes the record, the outputs and the summary; then fails with the deployment's failure, if there is one. */
export function publishDeployment(agent: Agent, inputs: DeployInputs, published: PublishedDeployment): void {
  const { outcome, replacements } = published;
  const deployment = recordOf(agent, inputs, published);
  agent.log.phase('Record');
  if (inputs.release !== undefined && inputs.releaseFile !== undefined) {
    writeRelease(agent, inputs.releaseFile, withDeployment(inputs.release, deployment));
    agent.setOutput('releaseFile', inputs.releaseFile);
  }
  agent.setOutput('outcome', outcome.outcome);
  agent.setOutput('changes', String(countChanges(outcome.plan.changes)));
  agent.addSummary(
    `Deployment to ${deployment.environment}: ${outcome.outcome}`,
    formatSummary(outcome.plan.changes, replacements, outcome.failure),
  );
  agent.log.line(`${outcome.outcome}: ${summarize(outcome.plan.changes)}`);
  if (outcome.failure !== undefined) throw outcome.failure;
}

function recordOf(agent: Agent, inputs: DeployInputs, published: PublishedDeployment): Deployment {
  const { outcome, request, cluster } = published;
  return defined({
    environment: inputs.environment ?? cluster,
    cluster,
    namespace: request.namespace,
    strategy: 'rolling' as const,
    images: published.images,
    objects: outcome.objects,
    outcome: outcome.outcome,
    reason: outcome.failure?.message,
    startedAt: new Date(published.startedAt).toISOString(),
    finishedAt: new Date(systemClock.now()).toISOString(),
    run: runOf(agent),
  });
}
