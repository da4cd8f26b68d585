import { HttpClient } from '../../core/clients/http/client.ts';
import { deadlineIn, systemClock } from '../../core/clients/http/system-clock.ts';
import type { Agent } from '../../core/host/agent.ts';
import { startTask } from '../../core/host/task.ts';
import { defined } from '../../core/model/json.ts';
import { formatReference } from '../../core/model/reference.ts';
import { referenceOf, type Release, type Source } from '../../core/model/release.ts';
import { resolveImages, type ResolvedImage } from '../../core/operations/resolve/resolve.ts';
import { hostOf, openRegistries } from '../registry-access.ts';
import { runOf, writeRelease } from '../release-file.ts';
import { readInputs, type ResolveInputs } from './inputs.ts';
import { readSubjects } from './sources.ts';
import { formatSummary } from './summary.ts';

startTask(async (agent: Agent) => {
  const inputs = readInputs(agent);
  const deadline = deadlineIn(inputs.timeout, 'resolving the images', agent.signal);
  const http = new HttpClient({
    clock: systemClock,
    deadline,
    proxy: agent.proxy,
    debug: (line) => {
      agent.log.debug(line);
    },
  });
  const registry = openRegistries(agent, http, inputs.connection === undefined ? [] : [inputs.connection]);
  const tools = { registry, clock: systemClock, log: agent.log, signal: deadline.signal };
  const host = inputs.connection === undefined ? undefined : hostOf(inputs.connection);
  const { images, release } = await readSubjects(agent, inputs.source, host, http);
  const resolved = await resolveImages({ images, rules: inputs.rules }, tools);
  publish(agent, inputs, resolved, release ?? newRelease(agent, inputs, resolved));
});

function newRelease(agent: Agent, inputs: ResolveInputs, resolved: readonly ResolvedImage[]): Release {
  const run = runOf(agent);
  return defined({
    schemaVersion: 1 as const,
    name: inputs.releaseName,
    createdAt: new Date(systemClock.now()).toISOString(),
    source: sourceOf(agent),
    run,
    images: resolved.map(({ image }) => ({ ...image, run })),
    promotions: [],
    deployments: [],
    verdicts: [],
  });
}

/** @param release a record that was taken over keeps all that it says */
function publish(
  agent: Agent,
  inputs: ResolveInputs,
  resolved: readonly ResolvedImage[],
  release: Release,
): void {
  writeRelease(agent, inputs.releaseFile, release);
  agent.setOutput('releaseFile', inputs.releaseFile);
  for (const [index, { image }] of resolved.entries()) {
    const reference = formatReference(referenceOf(image));
    const suffix = image.name.replaceAll(/[^A-Za-z0-9_]/g, '_');
    agent.setOutput(`imageRef_${suffix}`, reference);
    agent.setOutput(`digest_${suffix}`, image.digest);
    if (index > 0) continue;
    agent.setOutput('imageRef', reference);
    agent.setOutput('digest', image.digest);
  }
  if (inputs.tagRun) agent.addBuildTag(release.name);
  agent.addSummary(`Release ${release.name}`, formatSummary(resolved));
}

function sourceOf(agent: Agent): Source | undefined {
  const { source } = agent.system.run;
  if (source === undefined) return undefined;
  return defined({ repository: source.url ?? source.repository, branch: source.ref, commit: source.commit });
}
