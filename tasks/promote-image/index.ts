import { createLocker } from '../../core/clients/azure/container-registry-locks.ts';
import { createImporter } from '../../core/clients/azure/container-registry.ts';
import { HttpClient } from '../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import { startTask } from '../../core/host/task.ts';
import { digestReference, formatReference } from '../../core/model/reference.ts';
import { withOverrides } from '../../core/model/release.ts';
import { promote, type PromotionOutcome } from '../../core/operations/promote/promote.ts';
import type { PromotionTools } from '../../core/operations/promote/request.ts';
import { requireEvidence } from '../evidence.ts';
import { openCredential, openRegistries } from '../registry-access.ts';
import { runOf, writeRelease } from '../release-file.ts';
import { readInputs, type PromoteInputs } from './inputs.ts';
import { formatSummary } from './summary.ts';

startTask(async (agent: Agent) => {
  const inputs = readInputs(agent);
  const deadline = deadlineIn(inputs.timeout, 'the promotion', agent.signal);
  const http = new HttpClient({
    clock: systemClock,
    deadline,
    proxy: agent.proxy,
    debug: (line) => {
      agent.log.debug(line);
    },
  });
  const connections = [inputs.target, ...(inputs.source === undefined ? [] : [inputs.source])];
  const registry = openRegistries(agent, http, connections);
  const tools = {
    registry,
    ...azureTools(agent, inputs),
    clock: systemClock,
    log: agent.log,
    signal: deadline.signal,
  };
  const subjects = inputs.items.map(({ image, from }) => ({
    image: image.name,
    digest: image.digest,
    repository: from,
  }));
  const evidence = await requireEvidence(agent, inputs.evidence, subjects, registry, 'promotion');
  const outcome = await promote({ ...inputs, run: runOf(agent) }, tools);
  publish(agent, inputs, { ...outcome, release: withOverrides(outcome.release, evidence.overrides) });
});

/** What only registries of Azure's can do. */
function azureTools(
  agent: Agent,
  { azure, target, importTimeout }: PromoteInputs,
): Pick<PromotionTools, 'importer' | 'locker'> {
  const importer =
    azure === undefined
      ? undefined
      : createImporter({
          credential: openCredential(agent, azure.identity, azure.cloud, azure),
          cloud: azure.cloud,
          proxy: agent.proxy,
          patience: importTimeout,
        });
  const locker =
    target.registry === 'azure'
      ? createLocker(openCredential(agent, target.identity, target.cloud, target), target.cloud, agent.proxy)
      : undefined;
  return { importer, locker };
}

function publish(agent: Agent, inputs: PromoteInputs, outcome: PromotionOutcome): void {
  if (!inputs.dryRun) writeRelease(agent, inputs.releaseFile, outcome.release);
  agent.setOutput('releaseFile', inputs.releaseFile);
  for (const [index, { image, to }] of inputs.items.entries()) {
    const reference = formatReference(digestReference(to, image.digest));
    agent.setOutput(`imageRef_${image.name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`, reference);
    if (index > 0) continue;
    agent.setOutput('imageRef', reference);
    agent.setOutput('digest', image.digest);
  }
  agent.addSummary(`Promotion of release ${inputs.release.name}`, formatSummary(outcome));
}
