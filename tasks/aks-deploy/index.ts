import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { createKubernetesClient } from '../../core/clients/kubernetes/client.ts';
import type { Agent } from '../../core/host/agent.ts';
import { startTask } from '../../core/host/task.ts';
import { countChanges, summarize } from '../../core/model/change-set.ts';
import { defined } from '../../core/model/json.ts';
import { withDeployment, type Deployment } from '../../core/model/release.ts';
import { deploy, plan, type DeployOutcome } from '../../core/operations/deploy/deploy.ts';
import type { DeployRequest, DeploySurroundings } from '../../core/operations/deploy/request.ts';
import { resolveClusterAccess } from '../cluster-access.ts';
import { runOf, writeRelease } from '../release-file.ts';
import { readInputs, type DeployInputs } from './inputs.ts';
import { renderManifests, withPullSecrets, type RenderedManifests } from './manifests.ts';
import { pullLogin } from './pull-login.ts';
import { formatSummary } from './summary.ts';
import { traceOf } from './trace.ts';

startTask(async (agent: Agent) => {
  const inputs = readInputs(agent);
  agent.log.phase('Render');
  const rendered = await renderManifests(agent, inputs);
  for (const { object, from, to } of rendered.replacements) agent.log.line(`${object}: ${from} -> ${to}`);
  const deadline = deadlineIn(inputs.timeout, 'the deployment', agent.signal);

  const access = await resolveClusterAccess(agent);
  const client = createKubernetesClient(access, { proxy: agent.proxy, clock: systemClock });
  const namespace = inputs.namespace ?? access.namespace ?? 'default';
  const login =
    inputs.pullRegistry === undefined ? undefined : await pullLogin(agent, inputs.pullRegistry, deadline);
  const request: DeployRequest = {
    manifests: withPullSecrets(rendered.manifests, inputs.pullSecrets, login, namespace),
    namespace,
    force: inputs.force,
    onFailure: inputs.onFailure,
    annotations: traceOf(agent, inputs.release),
  };
  const surroundings: DeploySurroundings = { client, log: agent.log, clock: systemClock, deadline };
  try {
    switch (inputs.action) {
      case 'diff': {
        const changes = await plan(request, surroundings);
        agent.setOutput('changes', String(countChanges(changes)));
        agent.addSummary(`Plan for ${client.name}`, formatSummary(changes, rendered.replacements));
        return;
      }
      case 'deploy':
        await runDeployment(agent, inputs, rendered, request, surroundings);
    }
  } finally {
    client.close();
  }
});

async function runDeployment(
  agent: Agent,
  inputs: DeployInputs,
  rendered: RenderedManifests,
  request: DeployRequest,
  surroundings: DeploySurroundings,
): Promise<void> {
  const startedAt = new Date(systemClock.now()).toISOString();
  const outcome = await deploy(request, surroundings);
  const deployment = recordOf(agent, inputs, rendered, request, outcome, {
    startedAt,
    cluster: surroundings.client.name,
  });
  agent.log.phase('Record');
  if (inputs.release !== undefined && inputs.releaseFile !== undefined) {
    writeRelease(agent, inputs.releaseFile, withDeployment(inputs.release, deployment));
    agent.setOutput('releaseFile', inputs.releaseFile);
  }
  agent.setOutput('outcome', outcome.outcome);
  agent.setOutput('changes', String(countChanges(outcome.changes)));
  agent.addSummary(
    `Deployment to ${deployment.environment}: ${outcome.outcome}`,
    formatSummary(outcome.changes, rendered.replacements, outcome.failure),
  );
  agent.log.line(`${outcome.outcome}: ${summarize(outcome.changes)}`);
  if (outcome.failure !== undefined) throw outcome.failure;
}

function recordOf(
  agent: Agent,
  inputs: DeployInputs,
  rendered: RenderedManifests,
  request: DeployRequest,
  outcome: DeployOutcome,
  { startedAt, cluster }: { readonly startedAt: string; readonly cluster: string },
): Deployment {
  return defined({
    environment: inputs.environment ?? cluster,
    cluster,
    namespace: request.namespace,
    strategy: 'rolling' as const,
    images: rendered.images,
    objects: outcome.objects,
    outcome: outcome.outcome,
    reason: outcome.failure?.message,
    startedAt,
    finishedAt: new Date(systemClock.now()).toISOString(),
    run: runOf(agent),
  });
}
