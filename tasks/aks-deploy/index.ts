import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import { createKubernetesClient } from '../../core/clients/kubernetes/client.ts';
import type { Agent } from '../../core/host/agent.ts';
import { startTask } from '../../core/host/task.ts';
import { countChanges } from '../../core/model/change-set.ts';
import { deploy } from '../../core/operations/deploy/deploy.ts';
import { chooseEntry, readHistory } from '../../core/operations/deploy/history.ts';
import { planAll } from '../../core/operations/deploy/prepare.ts';
import { deleteManifests } from '../../core/operations/deploy/remove.ts';
import type { DeployRequest, DeploySurroundings } from '../../core/operations/deploy/request.ts';
import { resolveClusterAccess, withIdentity } from '../cluster-access.ts';
import { proveImages } from './evidence.ts';
import { isFromCluster, readInputs, type DeployInputs } from './inputs.ts';
import { renderManifests, withConfiguration, withPullSecrets, type RenderedManifests } from './manifests.ts';
import { runPreflight } from './preflight.ts';
import { publishDeployment, publishPlan } from './publish.ts';
import { pullLogin } from './pull-login.ts';
import { waitingTime } from './strategy-inputs.ts';
import { runStrategy } from './strategy.ts';
import { holderOf, traceOf } from './trace.ts';

startTask(async (agent: Agent) => {
  const inputs = readInputs(agent);
  const time = inputs.timeout + waitingTime(inputs.strategy);
  const deadline = deadlineIn(time, 'the deployment', agent.signal);
  if (inputs.action === 'preflight') {
    await runPreflight(agent, inputs, deadline);
    return;
  }
  agent.log.phase('Render');
  const rendered = isFromCluster(inputs.action) ? undefined : await renderManifests(agent, inputs, deadline);
  for (const { object, from, to } of rendered?.replacements ?? [])
    agent.log.line(`${object}: ${from} -> ${to}`);

  const access = await resolveClusterAccess(agent);
  const client = createKubernetesClient(access, {
    proxy: agent.proxy,
    clock: systemClock,
    connections: connectionsFor(rendered?.manifests.length),
  });
  const surroundings: DeploySurroundings = { client, log: agent.log, clock: systemClock, deadline };
  const namespace = inputs.namespace ?? access.namespace ?? 'default';
  try {
    if (rendered === undefined) await goOn(agent, inputs, namespace, surroundings);
    else await run(agent, inputs, rendered, namespace, surroundings);
  } catch (error) {
    throw withIdentity(error, access, namespace);
  } finally {
    client.close();
  }
});

async function goOn(
  agent: Agent,
  inputs: DeployInputs,
  namespace: string,
  surroundings: DeploySurroundings,
): Promise<void> {
  const { action } = inputs;
  if (action === 'advance' || action === 'promote' || action === 'reject') {
    const request = { ...requestOf(agent, inputs, namespace), manifests: [], history: undefined };
    await runStrategy(agent, inputs, action, request, surroundings);
    return;
  }
  await rollBackTo(agent, inputs, namespace, surroundings);
}

async function run(
  agent: Agent,
  inputs: DeployInputs,
  rendered: RenderedManifests,
  namespace: string,
  surroundings: DeploySurroundings,
): Promise<void> {
  const { pullRegistry, pullSecrets, release } = inputs;
  const login =
    pullRegistry === undefined ? undefined : await pullLogin(agent, pullRegistry, surroundings.deadline);
  const request: DeployRequest = {
    ...requestOf(agent, inputs, namespace),
    manifests: withPullSecrets(
      withConfiguration(rendered.manifests, inputs, namespace),
      pullSecrets,
      login,
      namespace,
    ),
    history: { release: release?.name ?? agent.system.run.number, images: rendered.images },
  };
  switch (inputs.action) {
    case 'preflight':
      throw new Error('a preflight is not a deployment');
    case 'validate':
    case 'diff': {
      const plan = await planAll(request, surroundings);
      publishPlan(agent, inputs.action, plan, rendered.replacements);
      return;
    }
    case 'delete': {
      const deleted = await deleteManifests(request, surroundings);
      agent.setOutput('changes', String(deleted.length));
      return;
    }
    case 'advance':
    case 'promote':
    case 'reject':
      throw new Error('what is in progress is in the cluster');
    case 'rollback':
    case 'deploy': {
      const proven = await proveImages(agent, inputs, rendered.images, surroundings.deadline);
      if (inputs.strategy.name !== 'rolling') {
        await runStrategy(agent, proven, 'deploy', request, surroundings);
        return;
      }
      const startedAt = systemClock.now();
      const outcome = await deploy(request, surroundings);
      publishDeployment(agent, proven, {
        ...rendered,
        request,
        outcome,
        startedAt,
        cluster: surroundings.client.name,
      });
    }
  }
}

/** Back to a release that was deployed under this name before, from what the cluster keeps of it. */
async function rollBackTo(
  agent: Agent,
  inputs: DeployInputs,
  namespace: string,
  surroundings: DeploySurroundings,
): Promise<void> {
  const history = await readHistory(inputs.deploymentName, namespace, surroundings);
  const entry = chooseEntry(history, inputs.rollbackTo);
  agent.log.line(`Going back to release ${entry.release}, deployed at ${entry.at}.`);
  const newest = history.at(-1);
  const request: DeployRequest = {
    ...requestOf(agent, inputs, namespace),
    manifests: entry.manifests,
    superseded: newest?.manifests.map(({ object }) => object) ?? [],
    history: { release: entry.release, images: entry.images },
  };
  const proven = await proveImages(agent, inputs, entry.images, surroundings.deadline);
  const startedAt = systemClock.now();
  const outcome = await deploy(request, surroundings);
  const { name: cluster } = surroundings.client;
  publishDeployment(agent, proven, {
    replacements: [],
    images: entry.images,
    request,
    outcome,
    startedAt,
    cluster,
  });
  agent.log.line(
    `${countChanges(outcome.plan.changes)} objects changed on the way back to ${entry.release}.`,
  );
}

function requestOf(
  agent: Agent,
  inputs: DeployInputs,
  namespace: string,
): Omit<DeployRequest, 'manifests' | 'history'> {
  return {
    name: inputs.deploymentName,
    namespace,
    force: inputs.force,
    onFailure: inputs.onFailure,
    prune: inputs.prune,
    annotations: traceOf(agent, inputs.release),
    holder: holderOf(agent),
  };
}

/** A handshake costs more than a request: few objects are asked about over few connections. */
function connectionsFor(objects = 100): number {
  return Math.min(16, 2 + Math.ceil(objects / 6));
}
