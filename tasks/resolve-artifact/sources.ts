import { readFileSync } from 'node:fs';
import { createPipelineRuns } from '../../core/clients/devops/runs.ts';
import type { HttpClient } from '../../core/clients/http/client.ts';
import { createKubernetesClient } from '../../core/clients/kubernetes/client.ts';
import type { Agent } from '../../core/host/agent.ts';
import { DeliveryError, messageOf } from '../../core/model/errors.ts';
import { parseRelease, referenceOf, type Release } from '../../core/model/release.ts';
import { formatReference } from '../../core/model/reference.ts';
import { parseBuildOutput } from '../../core/operations/resolve/build-output.ts';
import type { ImageRequest } from '../../core/operations/resolve/request.ts';
import { runningImages } from '../../core/operations/resolve/running-images.ts';
import { resolveClusterAccess } from '../cluster-access.ts';
import type { ImageSource, RunSource } from './inputs.ts';

/** What is to be resolved, and the record that it continues where there is one already. */
export interface Subjects {
  readonly images: readonly ImageRequest[];
  readonly release: Release | undefined;
}

export async function readSubjects(
  agent: Agent,
  source: ImageSource,
  host: string | undefined,
  http: HttpClient,
): Promise<Subjects> {
  switch (source.kind) {
    case 'registry':
      return { images: source.images, release: undefined };
    case 'pipelineRun':
      return fromRun(agent, source, http);
    case 'deployment':
      return { images: await fromCluster(agent, source.namespace, host), release: undefined };
    case 'buildOutput':
      return { images: source.files.flatMap(readBuildOutput), release: undefined };
  }
}

async function fromRun(agent: Agent, source: RunSource, http: HttpClient): Promise<Subjects> {
  const { system, proxy, log } = agent;
  const runs = createPipelineRuns({ ...system, http, proxy });
  const project = source.project ?? system.run.project.name;
  const run = await runs.find(project, source.query);
  log.line(`${run.pipeline} ${run.number}${run.url === undefined ? '' : ` (${run.url})`}`);
  const bytes = await runs.artifactFile(project, run, source.artifact, source.path);
  const release = parseRelease(bytes.toString('utf8'), `${source.path} of run ${run.number}`);
  const images = release.images.map((image) => {
    const at = referenceOf(image);
    return { name: image.name, text: formatReference(at), at };
  });
  return { images, release };
}

async function fromCluster(
  agent: Agent,
  namespace: string,
  host: string | undefined,
): Promise<readonly ImageRequest[]> {
  const access = await resolveClusterAccess(agent);
  const client = createKubernetesClient(access, { proxy: agent.proxy });
  try {
    const { items } = await client.list({ apiVersion: 'v1', kind: 'Pod', namespace }, agent.signal);
    return runningImages(items, host);
  } finally {
    client.close();
  }
}

function readBuildOutput(file: string): readonly ImageRequest[] {
  try {
    return parseBuildOutput(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw new DeliveryError('FileNotFound', `buildOutput: ${file} cannot be read (${messageOf(error)})`, {
      hint: 'Give the path that the build step set, for example $(DockerOutput).',
      cause: error,
    });
  }
}
