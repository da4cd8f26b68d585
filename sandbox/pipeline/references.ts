import type { Expression } from './expression.ts';
import type { Condition, Job, Pipeline, Stage, Variable } from './pipeline.ts';
import { PipelineRefused, type Place } from './refusal.ts';

/**
 * Refuses names that lead nowhere: where Azure Pipelines would silently give an empty text (an output of a stage that the
 * reader does not wait for, a step that does not exist), the runner says so, with the line.
 */
export function checkReferences(pipeline: Pipeline): void {
  const { stages } = pipeline;
  unique(stages, 'stage');
  stages.forEach((stage, index) => {
    unique(stage.jobs, 'job');
    for (const name of stage.dependsOn) {
      // Stages stand in their order, so that waiting for a later one would be a circle.
      if (stages.slice(0, index).some((earlier) => earlier.name === name)) continue;
      throw new PipelineRefused(
        stage.at,
        `the stage "${stage.name}" waits for "${name}", which is no earlier stage`,
      );
    }
    for (const job of stage.jobs) {
      for (const name of job.dependsOn) {
        if (stage.jobs.some((other) => other !== job && other.name === name)) continue;
        throw new PipelineRefused(
          job.at,
          `the job "${job.name}" waits for "${name}", which its stage does not have`,
        );
      }
      checkSteps(job, pipeline);
    }
    checkOutputs(pipeline, stage);
  });
}

function unique(items: readonly { readonly name: string; readonly at: Place }[], what: string): void {
  const seen = new Set<string>();
  for (const { name, at } of items) {
    if (seen.has(name)) throw new PipelineRefused(at, `there are two ${what}s named "${name}"`);
    seen.add(name);
  }
}

function checkSteps(job: Job, pipeline: Pipeline): void {
  unique(
    job.steps.flatMap(({ name, at }) => (name === undefined ? [] : [{ name, at }])),
    'step',
  );
  for (const step of job.steps) {
    if (step.kind !== 'download' || step.source === 'current') continue;
    const known = pipeline.resources.map((resource) => resource.alias);
    if (known.includes(step.source)) continue;
    throw new PipelineRefused(step.at, `there is no pipeline resource "${step.source}" to download from`);
  }
}

function checkOutputs(pipeline: Pipeline, stage: Stage): void {
  const look = (condition: Condition | undefined, own: Job | undefined): void => {
    if (condition === undefined) return;
    for (const path of pathsIn(condition.expression)) checkPath(path, condition.at, pipeline, stage, own);
  };
  const lookAll = (variables: readonly Variable[], own: Job | undefined): void => {
    for (const { value } of variables) if (value.kind === 'runtime') look(value.of, own);
  };
  look(stage.condition, undefined);
  lookAll(stage.variables, undefined);
  for (const job of stage.jobs) {
    look(job.condition, job);
    lookAll(job.variables, job);
  }
}

function checkPath(
  path: readonly string[],
  at: Place,
  pipeline: Pipeline,
  stage: Stage,
  own: Job | undefined,
): void {
  const [context, first, second, ...rest] = path;
  if (context === 'stageDependencies') {
    const job = stageOf(first, at, pipeline, stage).jobs.find((candidate) => candidate.name === second);
    if (job === undefined)
      throw new PipelineRefused(at, `the stage "${first ?? ''}" has no job "${second ?? ''}"`);
    checkOutput(rest, at, job, false);
  } else if (context === 'dependencies' && own === undefined) {
    const waited = stageOf(first, at, pipeline, stage);
    if (second !== 'outputs') return;
    const [jobName = '', ...output] = (rest[0] ?? '').split('.');
    const job = waited.jobs.find((candidate) => candidate.name === jobName);
    if (job === undefined)
      throw new PipelineRefused(at, `the stage "${waited.name}" has no job "${jobName}"`);
    checkOutput(['outputs', output.join('.')], at, job, false);
  } else if (context === 'dependencies') {
    const job = stage.jobs.find((candidate) => candidate.name === first);
    if (job === undefined || own?.dependsOn.includes(job.name) !== true) {
      throw new PipelineRefused(at, `"${first ?? ''}" is no job that "${own?.name ?? ''}" waits for`);
    }
    checkOutput([second ?? '', ...rest], at, job, true);
  }
}

function stageOf(name: string | undefined, at: Place, pipeline: Pipeline, stage: Stage): Stage {
  const found = pipeline.stages.find((candidate) => candidate.name === name);
  if (found !== undefined && stage.dependsOn.includes(found.name)) return found;
  throw new PipelineRefused(
    at,
    `the stage "${stage.name}" does not name "${name ?? ''}" in dependsOn, so it cannot read from it`,
  );
}

/** `outputs['step.variable']`, in a deployment job `outputs['job.step.variable']`. */
function checkOutput(path: readonly string[], at: Place, job: Job, resultIsKnown: boolean): void {
  const [what, output] = path;
  if (what === 'result' && resultIsKnown) return;
  if (what !== 'outputs' || output === undefined) {
    throw new PipelineRefused(at, `write it as outputs['step.variable']`);
  }
  const parts = output.split('.');
  if (job.kind === 'deployment' && parts.shift() !== job.name) {
    throw new PipelineRefused(
      at,
      `"${job.name}" is a deployment job: write outputs['${job.name}.step.variable']`,
    );
  }
  const [step, variable] = parts;
  if (parts.length === 2 && variable !== '' && job.steps.some((candidate) => candidate.name === step)) return;
  throw new PipelineRefused(
    at,
    `the job "${job.name}" has no step named "${step ?? ''}" with such an output`,
  );
}

/** Every dotted path in an expression, as far as its keys are literal. */
function pathsIn(expression: Expression): readonly (readonly string[])[] {
  switch (expression.kind) {
    case 'literal':
      return [];
    case 'name':
      return [[expression.name]];
    case 'call':
      return expression.args.flatMap(pathsIn);
    case 'member': {
      const path: string[] = [];
      let at: Expression = expression;
      while (at.kind === 'member') {
        path.unshift(at.key.kind === 'literal' ? String(at.key.value) : '');
        at = at.of;
      }
      return at.kind === 'name' ? [[at.name, ...path]] : pathsIn(at);
    }
  }
}
