import { systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import { defined } from '../../core/model/json.ts';
import { withDeployment, type DeployedImage, type Deployment } from '../../core/model/release.ts';
import type { DeployRequest, DeploySurroundings } from '../../core/operations/deploy/request.ts';
import { runBlueGreen } from '../../core/operations/deploy/strategies/blue-green.ts';
import { promoteColor, rejectColor } from '../../core/operations/deploy/strategies/blue-green-end.ts';
import { advanceCanary, runCanary } from '../../core/operations/deploy/strategies/canary.ts';
import { promote, reject } from '../../core/operations/deploy/strategies/canary-end.ts';
import type { StrategyOutcome } from '../../core/operations/deploy/strategies/outcome.ts';
import { runOf, writeRelease } from '../release-file.ts';
import type { DeployInputs } from './inputs.ts';
import type { StrategyInputs } from './strategy-inputs.ts';

type Action = 'deploy' | 'advance' | 'promote' | 'reject';

/** One run of a canary or of a blue-green deployment. What is under way is in the cluster, not in the pipeline. */
export async function runStrategy(
  agent: Agent,
  inputs: DeployInputs,
  action: Action,
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<void> {
  const startedAt = systemClock.now();
  const outcome = await act(inputs.strategy, action, request, surroundings);
  publishStrategy(agent, inputs, outcome, {
    namespace: request.namespace,
    cluster: surroundings.client.name,
    images: request.history?.images ?? [],
    startedAt,
  });
}

function act(
  strategy: StrategyInputs,
  action: Action,
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<StrategyOutcome> {
  const { steps, traffic, constantTotal, manual, scaleDownDelay } = strategy;
  const judge = undefined;
  if (strategy.name === 'blueGreen') {
    switch (action) {
      case 'deploy':
        return runBlueGreen(request, { manual, scaleDownDelay, judge }, surroundings);
      case 'advance':
      case 'promote':
        return promoteColor(request, scaleDownDelay, surroundings);
      case 'reject':
        return rejectColor(request, surroundings);
    }
  }
  switch (action) {
    case 'deploy':
      return runCanary(request, { steps, traffic, constantTotal, manual, judge }, surroundings);
    case 'advance':
      return advanceCanary(request, { manual, judge }, surroundings);
    case 'promote':
      return promote(request, surroundings);
    case 'reject':
      return reject(request, surroundings);
  }
}

interface Published {
  readonly namespace: string;
  readonly cluster: string;
  readonly images: readonly DeployedImage[];
  readonly startedAt: number;
}

const outcomes = { promoted: 'succeeded', rejected: 'rolledBack', failed: 'failed' } as const;

function publishStrategy(
  agent: Agent,
  inputs: DeployInputs,
  outcome: StrategyOutcome,
  { namespace, cluster, images, startedAt }: Published,
): void {
  const { name } = inputs.strategy;
  agent.log.phase('Record');
  agent.setOutput('weight', String(outcome.weight));
  const environment = inputs.environment ?? cluster;
  if (outcome.state === 'waiting') {
    agent.setOutput('outcome', 'waiting');
    agent.log.line(`The new version gets ${outcome.weight}% and waits for a decision.`);
  } else {
    const result = outcomes[outcome.state];
    const deployment: Deployment = defined({
      environment,
      cluster,
      namespace,
      strategy: name,
      images,
      objects: outcome.deployment?.objects ?? [],
      outcome: result,
      reason: outcome.failure?.message,
      startedAt: new Date(startedAt).toISOString(),
      finishedAt: new Date(systemClock.now()).toISOString(),
      run: runOf(agent),
    });
    if (inputs.release !== undefined && inputs.releaseFile !== undefined) {
      writeRelease(agent, inputs.releaseFile, withDeployment(inputs.release, deployment));
      agent.setOutput('releaseFile', inputs.releaseFile);
    }
    agent.setOutput('outcome', result);
    agent.log.line(`${name}: ${outcome.state}`);
  }
  agent.addSummary(
    `${name} to ${environment}: ${outcome.state}`,
    `The new version gets ${outcome.weight}% of the traffic.\n`,
  );
  if (outcome.failure !== undefined) throw outcome.failure;
}
