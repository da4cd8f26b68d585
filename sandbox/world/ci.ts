import path from 'node:path';
import { checkPull } from '../cluster/index.ts';
import { pushImage } from '../images/push.ts';
import { loginServer, namespace, pipelines, services, subscriptions, type ServiceName } from '../names.ts';
import type { Run } from '../azure/devops-run.ts';
import type { Observer, Validation } from '../pipeline/services.ts';
import type { RunOutcome } from '../pipeline/outcome.ts';
import type { World } from '../world.ts';
import { runInWorld } from './pipeline-runs.ts';
import {
  buildServiceImage,
  readContent,
  unpackContent,
  type ServiceBinaries,
  type ServiceVersion,
} from './service-images.ts';

export const ciPipeline = 'pipelines/sample/azure-pipelines-ci.yml';

export interface CiRequest {
  readonly binaries: ServiceBinaries;
  readonly commit: string;
  readonly faults?: ServiceVersion['faults'];
  /** The folder with the built tasks. */
  readonly tasks: string;
  readonly observer: Observer;
  /** Told of each image as it is pushed. */
  readonly pushed?: (service: ServiceName, tag: string, digest: string) => void;
  readonly signal?: AbortSignal;
}

export interface CiResult {
  readonly run: Run;
  readonly outcome: RunOutcome;
  /** What CI pushed, by service: everything later must be equal to it. */
  readonly digests: ReadonlyMap<ServiceName, string>;
}

/**
 * A run of the shop's CI. What docker does in the stage Build is done without docker: images are built and pushed as the
 * identity `ci`. The stage Record is run as the pipeline's YAML has it.
 */
export async function runCi(world: World, request: CiRequest): Promise<CiResult> {
  const { commit, faults, tasks, observer, signal } = request;
  const run = await world.azure.devops.startRun({
    pipeline: pipelines.ci.name,
    commit,
    reason: 'individualCI',
  });
  const built: ServiceVersion = { version: run.number, commit, ...(faults && { faults }) };
  const digests = new Map<ServiceName, string>();
  await Promise.all(
    services.map(async (service) => {
      const digest = await buildAndPush(world, service, request.binaries, built);
      digests.set(service, digest);
      request.pushed?.(
        service,
        `${loginServer(subscriptions.nonprod.registry)}/shop/${service}:${run.number}`,
        digest,
      );
    }),
  );
  await checkExternalNodes(world, digests);
  const outcome = await runInWorld(world, {
    file: ciPipeline,
    stages: ['Record'],
    run,
    tasks,
    observer,
    validation: nobody,
    ...(signal && { signal }),
  });
  return { run, outcome, digests };
}

/** Nodes that somebody brought may not reach the registries: better said here than by a rollout that never ends. */
async function checkExternalNodes(world: World, digests: ReadonlyMap<ServiceName, string>): Promise<void> {
  const { staging } = world.clusters;
  const [first] = digests;
  if (staging.nodes !== 'external' || first === undefined) return;
  const [service, digest] = first;
  const image = `${loginServer(subscriptions.nonprod.registry)}/shop/${service}@${digest}`;
  await checkPull(staging, { image, namespace });
}

async function buildAndPush(
  world: World,
  service: ServiceName,
  binaries: ServiceBinaries,
  built: ServiceVersion,
): Promise<string> {
  const content = await readContent(service, built);
  const image = await buildServiceImage(service, binaries, content, built);
  const { digest } = await pushImage({
    image,
    registry: loginServer(subscriptions.nonprod.registry),
    repository: `shop/${service}`,
    tags: [built.version],
    identity: world.azure.identities.ci,
    proxyUrl: world.azure.proxyUrl,
    ca: world.azure.authority.certificatePem,
  });
  const root = path.join(world.directory, 'images', built.version, service);
  await unpackContent(root, content);
  world.services.know(digest, { binary: binaries.local, root, fault: built.faults?.[service] });
  return digest;
}

const nobody: Validation = {
  ask: () => Promise.reject(new Error('CI asks nobody')),
};
