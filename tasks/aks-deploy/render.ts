import { relative, resolve } from 'node:path';
import type { Agent } from '../../core/host/agent.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import type { ManifestObject } from '../../core/model/manifest-object.ts';
import { applyOverrides } from '../../core/model/overrides.ts';
import type { Deadline } from '../../core/model/ports.ts';
import { openEngines, type Engines } from '../../core/render/engines.ts';
import { renderHelm } from '../../core/render/helm.ts';
import type { ValuesLayer } from '../../core/render/helm-values.ts';
import { renderKustomize } from '../../core/render/kustomize.ts';
import { readManifestFiles } from '../../core/render/manifest-files.ts';
import { readManifest, refuseDuplicates } from '../../core/render/manifest-objects.ts';
import { fetchChart } from './chart.ts';
import { hookManifests } from './hooks.ts';
import type { DeployInputs } from './inputs.ts';
import { applyPatches } from './patches.ts';

/** The objects of all sources: manifest files, a kustomization, a Helm chart; then the environment's overrides. */
export async function renderSources(
  agent: Agent,
  inputs: DeployInputs,
  deadline: Deadline,
): Promise<readonly ManifestObject[]> {
  const { signal } = deadline;
  const engines = openEngines();
  const manifests: ManifestObject[] = [];
  if (inputs.manifests.length > 0)
    manifests.push(...(await readManifestFiles(inputs.manifests, agent.workingDirectory)));
  if (inputs.kustomization !== undefined) {
    const name = `kustomization ${relative(agent.workingDirectory, inputs.kustomization)}`;
    const root = rootOf(agent, inputs.kustomization);
    const result = await renderKustomize(engines, { directory: inputs.kustomization, root, signal });
    for (const warning of result.warnings) agent.log.warning(`${name}: ${warning}`);
    manifests.push(...readManifest(result.manifests, name));
  }
  if (inputs.helmChart !== undefined)
    manifests.push(...(await renderChart(agent, inputs, inputs.helmChart, engines, deadline)));
  refuseDuplicates(manifests);
  const overridden = applyOverrides(manifests, inputs.overrides);
  return applyPatches(agent, engines, overridden, inputs.overrides.patches, signal);
}

async function renderChart(
  agent: Agent,
  inputs: DeployInputs,
  chart: string,
  engines: Engines,
  deadline: Deadline,
): Promise<readonly ManifestObject[]> {
  const { signal } = deadline;
  const files: readonly ValuesLayer[] = inputs.valuesFiles.map((file) => ({
    file: resolve(agent.workingDirectory, file),
  }));
  const inline: readonly ValuesLayer[] =
    inputs.values === undefined ? [] : [{ yaml: inputs.values, name: 'input "values"' }];
  const isRemote = /^oci:\/\//.test(chart);
  const path = resolve(agent.workingDirectory, chart);
  const result = await renderHelm(engines, {
    chart: isRemote ? await fetchChart(agent, inputs, chart, deadline) : { path },
    root: isRemote ? agent.workingDirectory : rootOf(agent, path),
    release: { name: inputs.releaseName ?? inputs.deploymentName, namespace: inputs.namespace ?? 'default' },
    values: [...files, ...inline],
    signal,
  });
  for (const warning of result.warnings) agent.log.warning(`chart ${result.chart.name}: ${warning}`);
  const name = `chart ${result.chart.name} ${result.chart.version}`;
  agent.log.line(`Rendered ${name}.`);
  return [
    ...readManifest(result.crds, `${name}, crds`),
    ...readManifest(result.manifests, name),
    ...hookManifests(result.hooks, name),
  ];
}

/** The sources folder, or the folder itself where the author points outside of it (an artifact). */
function rootOf(agent: Agent, path: string): string {
  const below = relative(agent.workingDirectory, path);
  if (!below.startsWith('..')) return agent.workingDirectory;
  const workspace = agent.variable('Pipeline.Workspace');
  if (workspace !== undefined && !relative(workspace, path).startsWith('..')) return workspace;
  throw new DeliveryError('InputInvalid', `${path} is outside of the job's folders`, {
    hint: 'Point at a folder of the sources or of a downloaded artifact.',
  });
}
