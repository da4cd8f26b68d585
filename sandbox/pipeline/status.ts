import { evaluate, isTrue, member, type Scope, type Value } from './evaluation.ts';
import { hasSucceeded, titleOf, type JobOutcome, type Result, type StageOutcome } from './outcome.ts';
import type { Condition } from './pipeline.ts';
import { PipelineRefused } from './refusal.ts';
import type { Mapping } from './tree.ts';

/** What was waited for: results by name, of everything that comes before in the dependency graph. */
export interface Before {
  readonly results: ReadonlyMap<string, Result>;
  readonly canceled: boolean;
}

/** `succeeded()` when nothing is written. @throws PipelineRefused for what the place does not know */
export function holds(condition: Condition | undefined, before: Before, read: Scope['read']): boolean {
  if (condition === undefined) return status('succeeded', [], before) === true;
  return isTrue(valueAt(condition, { read, status: (name, names) => status(name, names, before) }));
}

export function valueAt(condition: Condition, scope: Scope): Value {
  try {
    return evaluate(condition.expression, scope);
  } catch (error) {
    throw new PipelineRefused(condition.at, error instanceof Error ? error.message : String(error), error);
  }
}

function status(name: string, names: readonly string[], before: Before): boolean | undefined {
  const results =
    names.length === 0 ? [...before.results.values()] : names.map((key) => before.results.get(key));
  switch (name) {
    case 'always':
      return true;
    case 'canceled':
      return before.canceled;
    case 'succeeded':
      return !before.canceled && results.every(hasSucceeded);
    case 'failed':
      return !before.canceled && results.some((result) => result === 'failed');
    case 'succeededorfailed':
      return !before.canceled && results.every((result) => hasSucceeded(result) || result === 'failed');
    default:
      return undefined;
  }
}

/** `dependencies` of a stage's condition: results, and outputs as `job.step.name`. */
export function stagesAsValue(stages: ReadonlyMap<string, StageOutcome>): Mapping {
  return mapping(
    [...stages].map(([name, stage]): [string, Mapping | string] => {
      const outputs = [...stage.jobs].flatMap(([job, { outputs: own }]) =>
        [...own].map(([key, value]): [string, string] => [`${job}.${key}`, value]),
      );
      return [
        name,
        mapping([
          ['result', titleOf(stage.result)],
          ['outputs', mapping(outputs)],
        ]),
      ];
    }),
  );
}

/** `dependencies` of a job, and each stage of `stageDependencies`. */
export function jobsAsValue(jobs: ReadonlyMap<string, JobOutcome>): Mapping {
  return mapping(
    [...jobs].map(([name, job]): [string, Mapping] => [
      name,
      mapping([
        ['result', titleOf(job.result)],
        ['outputs', mapping([...job.outputs])],
      ]),
    ]),
  );
}

/** Reads a path from named starting values. */
export function reader(starts: Readonly<Record<string, Value>>): Scope['read'] {
  return ([first = '', ...rest]) => {
    const start = Object.hasOwn(starts, first) ? starts[first] : undefined;
    if (start === undefined) return undefined;
    return rest.reduce((value: Value, key) => member(value, key), start);
  };
}

export function mapping(pairs: readonly (readonly [string, Mapping | string])[]): Mapping {
  const at = { file: 'run', line: 0 };
  return {
    kind: 'mapping',
    at,
    entries: pairs.map(([key, value]) => ({
      key,
      at,
      value: typeof value === 'string' ? { kind: 'scalar', value, at } : value,
    })),
  };
}
