import { cp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run, RunResult } from '../azure/devops-run.ts';
import { readCatalog } from '../pipeline/catalog.ts';
import type { RunOutcome } from '../pipeline/outcome.ts';
import { runPipeline } from '../pipeline/run.ts';
import type { ArtifactStore, Observer, Validation } from '../pipeline/services.ts';
import { readPipeline, type PipelineRequest } from '../pipeline/stages.ts';
import type { World } from '../world.ts';
import { pipelineAgent } from './pipeline-agent.ts';
import { runVariables } from './run-variables.ts';

/** This repository: it holds the pipelines as the shop's own repository would. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

export interface PipelineRunRequest extends Omit<PipelineRequest, 'root'> {
  readonly run: Run;
  /** The folder with the built tasks. */
  readonly tasks: string;
  readonly validation: Validation;
  readonly observer: Observer;
  readonly signal?: AbortSignal;
}

/** Reads a pipeline of this repository, runs it in the world, and completes the run. */
export async function runInWorld(world: World, request: PipelineRunRequest): Promise<RunOutcome> {
  const { run, tasks, validation, observer, signal = new AbortController().signal } = request;
  const catalog = readCatalog(
    tasks,
    world.serviceConnections.map(({ name }) => name),
  );
  const pipeline = readPipeline({ ...request, root: repository }, catalog);
  const outcome = await runPipeline(pipeline, {
    agent: pipelineAgent(world, run),
    artifacts: artifactsOf(run),
    validation,
    checkout: {
      // The pipelines and what they refer to; a real checkout would bring the rest of this repository too.
      into: (folder) =>
        cp(path.join(repository, 'pipelines'), path.join(folder, 'pipelines'), { recursive: true }),
    },
    observer,
    variables: runVariables(world, run),
    workFolder: path.join(world.directory, 'agent', String(run.id)),
    signal,
  });
  run.complete(resultOf(outcome));
  return outcome;
}

function artifactsOf(run: Run): ArtifactStore {
  return {
    async publish(artifact, from) {
      // PublishPipelineArtifact refuses to publish under a name twice.
      if (run.artifact(artifact) !== undefined)
        throw new Error(`the run already has an artifact ${artifact}`);
      await run.publishArtifact(artifact, from);
    },
    async download(source, artifact, folder) {
      const from =
        source === 'current' ? run : run.request.resources?.find(({ alias }) => alias === source)?.run;
      if (from === undefined) throw new Error(`the run has no pipeline resource ${source}`);
      await from.downloadArtifact(artifact, folder);
    },
  };
}

function resultOf({ result }: RunOutcome): RunResult {
  switch (result) {
    case 'succeeded':
    case 'failed':
    case 'canceled':
      return result;
    case 'succeededWithIssues':
      return 'partiallySucceeded';
    case 'skipped':
      return 'succeeded';
  }
}
