import { runJob, type JobPlace } from './job-run.ts';
import { worst, type JobOutcome, type Result, type RunOutcome, type StageOutcome } from './outcome.ts';
import type { Pipeline, Stage } from './pipeline.ts';
import type { RunServices } from './services.ts';
import { holds, jobsAsValue, mapping, reader, stagesAsValue } from './status.ts';

/** Runs the stages one after the other, as an organization with one agent does. */
export async function runPipeline(pipeline: Pipeline, services: RunServices): Promise<RunOutcome> {
  const done = new Map<string, StageOutcome>();
  let jobs = 0;
  for (const stage of pipeline.stages) {
    const before = { results: ancestors(stage, pipeline, done), canceled: services.signal.aborted };
    const read = reader({
      dependencies: stagesAsValue(only(done, stage.dependsOn)),
      variables: mapping(literals(pipeline)),
    });
    if (!holds(stage.condition, before, read)) {
      done.set(stage.name, { result: services.signal.aborted ? 'canceled' : 'skipped', jobs: new Map() });
      services.observer.stageFinished(stage, 'skipped', reasonOf(before.results));
      continue;
    }
    services.observer.stageStarted(stage);
    const outcome = await runStage(pipeline, stage, done, services, () => (jobs += 1));
    done.set(stage.name, outcome);
    services.observer.stageFinished(stage, outcome.result, undefined);
  }
  return { result: overall(done), stages: done };
}

async function runStage(
  pipeline: Pipeline,
  stage: Stage,
  earlier: ReadonlyMap<string, StageOutcome>,
  services: RunServices,
  nextJob: () => number,
): Promise<StageOutcome> {
  const done = new Map<string, JobOutcome>();
  const stageDependencies = mapping(
    [...only(earlier, stage.dependsOn)].map(([name, outcome]) => [name, jobsAsValue(outcome.jobs)]),
  );
  for (const job of stage.jobs) {
    const read = reader({
      dependencies: jobsAsValue(only(done, job.dependsOn)),
      stageDependencies,
      variables: mapping(literals(pipeline)),
    });
    const results = new Map(job.dependsOn.map((name) => [name, done.get(name)?.result ?? 'skipped']));
    const before = { results, canceled: services.signal.aborted };
    if (!holds(job.condition, before, read)) {
      done.set(job.name, { result: services.signal.aborted ? 'canceled' : 'skipped', outputs: new Map() });
      continue;
    }
    const place: JobPlace = { pipeline, stage, job, number: nextJob(), read };
    done.set(job.name, await runJob(place, services));
  }
  return { result: worst([...done.values()].map((job) => job.result)), jobs: done };
}

/** The results of all stages that come before this one in the graph: `succeeded()` asks all of them. */
function ancestors(
  stage: Stage,
  pipeline: Pipeline,
  done: ReadonlyMap<string, StageOutcome>,
): ReadonlyMap<string, Result> {
  const found = new Map<string, Result>();
  const visit = (names: readonly string[]): void => {
    for (const name of names) {
      const outcome = done.get(name);
      if (outcome === undefined || found.has(name)) continue;
      found.set(name, outcome.result);
      visit(pipeline.stages.find((candidate) => candidate.name === name)?.dependsOn ?? []);
    }
  };
  visit(stage.dependsOn);
  return found;
}

function only<T>(all: ReadonlyMap<string, T>, names: readonly string[]): ReadonlyMap<string, T> {
  return new Map([...all].filter(([name]) => names.includes(name)));
}

function literals(pipeline: Pipeline): readonly (readonly [string, string])[] {
  return pipeline.variables.flatMap(({ name, value }) =>
    value.kind === 'text' ? [[name, value.text] as const] : [],
  );
}

function reasonOf(results: ReadonlyMap<string, Result>): string | undefined {
  const cause = [...results].find(([, result]) => result === 'failed' || result === 'canceled');
  return cause === undefined ? undefined : `${cause[0]} ${cause[1]}`;
}

function overall(stages: ReadonlyMap<string, StageOutcome>): Result {
  const result = worst([...stages.values()].map((stage) => stage.result));
  return result === 'skipped' ? 'succeeded' : result;
}
