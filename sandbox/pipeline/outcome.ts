/** How a step, job, stage or run ended, in the words of Azure Pipelines. */
export type Result = 'succeeded' | 'succeededWithIssues' | 'failed' | 'canceled' | 'skipped';

export interface JobOutcome {
  readonly result: Result;
  /** Output variables: `step.name`, in a deployment job `job.step.name`. */
  readonly outputs: ReadonlyMap<string, string>;
}

export interface StageOutcome {
  readonly result: Result;
  readonly jobs: ReadonlyMap<string, JobOutcome>;
}

export interface RunOutcome {
  readonly result: Result;
  readonly stages: ReadonlyMap<string, StageOutcome>;
}

const order: readonly Result[] = ['skipped', 'succeeded', 'succeededWithIssues', 'failed', 'canceled'];

/** The worst of several results: what contains them ends with it. */
export function worst(results: Iterable<Result>): Result {
  return [...results].reduce<Result>(
    (one, other) => (order.indexOf(other) > order.indexOf(one) ? other : one),
    'skipped',
  );
}

export function hasSucceeded(result: Result | undefined): boolean {
  return result === 'succeeded' || result === 'succeededWithIssues';
}

/** `Succeeded`: how expressions see a result. */
export function titleOf(result: Result): string {
  return result.charAt(0).toUpperCase() + result.slice(1);
}
