import type { Agent } from '../../core/host/agent.ts';
import { digestOf } from '../../core/model/digest.ts';
import { defined } from '../../core/model/json.ts';
import type { Release } from '../../core/model/release.ts';

/** Where an object comes from, for whoever finds it in the cluster. One set of names for every kind. */
export function traceOf(agent: Agent, release: Release | undefined): Readonly<Record<string, string>> {
  const { run } = agent.system;
  return defined({
    'aks-delivery/pipeline': run.pipeline.name,
    'aks-delivery/run': run.url,
    'aks-delivery/release': release?.name,
    'aks-delivery/release-digest': release === undefined ? undefined : contentDigest(release),
    'aks-delivery/commit': release?.source?.commit ?? run.source?.commit,
  });
}

/** What identifies a release by its content: its images, whatever has happened to them since. */
function contentDigest(release: Release): string {
  return digestOf(
    release.images
      .map((image) => `${image.name}@${image.digest}`)
      .sort()
      .join('\n'),
  );
}

/** This very job attempt: what others see that wait for it. */
export function holderOf(agent: Agent): string {
  const { run } = agent.system;
  return [run.pipeline.name, run.number, run.stage, run.job, String(run.attempt), run.id]
    .filter((part) => part !== undefined && part !== '')
    .join('/');
}
