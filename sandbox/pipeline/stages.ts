import type { Catalog } from './catalog.ts';
import { readCondition, readVariables } from './conditions.ts';
import { Fields } from './fields.ts';
import { readJobs, readPool } from './jobs.ts';
import type { Job, Pipeline, PipelineResource, Stage } from './pipeline.ts';
import { checkReferences } from './references.ts';
import { PipelineRefused, type Place } from './refusal.ts';
import { givenParameters, Source } from './source.ts';
import type { Tree } from './tree.ts';

export interface PipelineRequest {
  /** The repository's folder, and the pipeline's file in it. */
  readonly root: string;
  readonly file: string;
  readonly parameters?: Readonly<Record<string, string | boolean>>;
  /** "Stages to run": the others are left out, and not read either. */
  readonly stages?: readonly string[];
}

/**
 * Reads a pipeline with all its templates and refuses, by file and line, whatever is outside the subset or refers to
 * something that is not there. Nothing has run yet when it returns.
 */
export function readPipeline(request: PipelineRequest, catalog: Catalog): Pipeline {
  const source = new Source(request.root);
  const root = source.open(request.file, givenParameters(request.parameters ?? {}));
  // What starts a run and where it runs is decided by whoever calls the runner.
  for (const name of ['trigger', 'pr', 'name']) root.tree(name);
  readPool(root);
  const resources = readResources(root);
  const variables = readVariables(root, source);
  const stages = readStages(root.list('stages'), source, catalog, request.stages);
  root.close();
  if (stages.length === 0) throw new PipelineRefused(root.at, 'the pipeline has no stages to run');
  const pipeline = { file: request.file, resources, variables, stages };
  checkReferences(pipeline);
  return pipeline;
}

function readResources(root: Fields): readonly PipelineResource[] {
  const tree = root.tree('resources');
  if (tree === undefined) return [];
  const resources = Fields.of(tree, 'resources');
  const pipelines = resources.list('pipelines').map((item) => {
    const fields = Fields.of(item, 'a pipeline resource');
    const resource = { alias: fields.text('pipeline'), source: fields.text('source'), at: item.at };
    fields.tree('trigger');
    fields.optionalText('branch');
    fields.close();
    return resource;
  });
  resources.close();
  return pipelines;
}

function readStages(
  items: readonly Tree[],
  source: Source,
  catalog: Catalog,
  wanted: readonly string[] | undefined,
): readonly Stage[] {
  const stages: Stage[] = [];
  const read = (list: readonly Tree[]): void => {
    for (const item of list) {
      const fields = Fields.of(item, 'a stage');
      if (fields.has('template')) {
        read(source.template(fields, 'stages'));
      } else if (wanted === undefined || wanted.includes(fields.text('stage'))) {
        stages.push(readStage(fields, source, catalog, wanted, stages.at(-1)?.name));
      }
    }
  };
  read(items);
  const missing = wanted?.find((name) => !stages.some((stage) => stage.name === name));
  if (missing !== undefined) throw new Error(`there is no stage "${missing}" to run`);
  return stages;
}

function readStage(
  fields: Fields,
  source: Source,
  catalog: Catalog,
  wanted: readonly string[] | undefined,
  previous: string | undefined,
): Stage {
  const name = fields.text('stage');
  // Without dependsOn a stage waits for the one before it.
  const dependsOn = fields.texts('dependsOn') ?? (previous === undefined ? [] : [previous]);
  const stage: Stage = {
    name,
    displayName: fields.optionalText('displayName') ?? name,
    at: fields.at,
    dependsOn: wanted === undefined ? dependsOn : dependsOn.filter((other) => wanted.includes(other)),
    condition: readCondition(fields),
    variables: readVariables(fields, source),
    jobs: inOrder(readJobs(fields.list('jobs'), source, catalog), fields.at),
  };
  readPool(fields);
  fields.close();
  if (stage.jobs.length === 0) throw new PipelineRefused(fields.at, `the stage "${name}" has no jobs`);
  return stage;
}

/** Jobs run one after the other here: in the order that their dependencies allow. */
function inOrder(jobs: readonly Job[], at: Place): readonly Job[] {
  const ordered: Job[] = [];
  let rest = jobs;
  while (rest.length > 0) {
    const free = rest.filter((job) =>
      job.dependsOn.every(
        (name) => ordered.some((done) => done.name === name) || !jobs.some((j) => j.name === name),
      ),
    );
    if (free.length === 0) throw new PipelineRefused(at, 'the jobs of this stage wait for each other');
    ordered.push(...free);
    rest = rest.filter((job) => !free.includes(job));
  }
  return ordered;
}
