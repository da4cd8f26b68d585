import { formatDuration } from './duration.ts';
import type { MeasuredValue } from './measured.ts';
import type { Verdict } from './release.ts';

/**
 * What one look at the subject said. `inconclusive`: it could be asked and there was nothing to measure (no test ran,
 * no sample was found). `error`: it could not be asked. The two never count as a pass.
 */
export type Outcome = 'passed' | 'failed' | 'inconclusive' | 'error';

export interface Finding {
  readonly outcome: Outcome;
  /** Why, in one line. */
  readonly reason: string;
  readonly values?: readonly MeasuredValue[];
}

/** A finding with its place in time, milliseconds since the epoch. */
export interface Measurement extends Finding {
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** When a check measures, and what it takes to decide. Times in milliseconds. */
export interface Schedule {
  readonly initialDelay: number;
  /** From the end of one measurement to the start of the next. */
  readonly interval: number;
  /** Measurements that decide; those that could not ask are not among them. */
  readonly count: number;
  /** Failed measurements that are tolerated. */
  readonly failureLimit: number;
  /** Measurements in a row that could not ask and are tolerated. */
  readonly errorLimit: number;
  /** Passes in a row that are needed, and suffice; zero asks for none in particular. */
  readonly consecutiveSuccesses: number;
  /** From the start of the check, its initial delay included, until it must have decided. */
  readonly deadline: number;
}

/** What ended a check from outside, if anything did. */
export type Ending = 'deadline' | 'cancelled' | undefined;

export type Assessment =
  | { readonly state: 'measuring'; readonly reason: string }
  | { readonly state: 'decided'; readonly verdict: Verdict; readonly reason: string };

/**
 * The verdict of one check: a pure function of what was measured, in the order of measuring.
 * Semantics after Argo Rollouts' analysis (analysis/analysis.go, assessMetricStatus): failures beyond the limit decide at
 * once, errors do not count as measurements, and only a pass passes.
 */
export function assessCheck(
  schedule: Schedule,
  measurements: readonly Finding[],
  ending?: Ending,
): Assessment {
  const passed = number(measurements, 'passed');
  const failed = number(measurements, 'failed');
  const inconclusive = number(measurements, 'inconclusive');
  const counted = passed + failed + inconclusive;
  const last = measurements.at(-1);

  if (failed > schedule.failureLimit) {
    const why = latest(measurements, 'failed');
    if (counted === 1) return decided('failed', why);
    const limit = schedule.failureLimit === 0 ? '' : ` (tolerated: ${schedule.failureLimit})`;
    return decided('failed', `${failed} of ${counted} measurements failed${limit}: ${why}`);
  }
  const errorsInARow = trailing(measurements, 'error');
  if (errorsInARow > schedule.errorLimit) {
    const times = errorsInARow === 1 ? '' : ` ${errorsInARow} times in a row`;
    return decided('inconclusive', `could not ask${times}: ${last?.reason ?? ''}`);
  }
  const needed = schedule.consecutiveSuccesses;
  if (needed > 0 && trailing(measurements, 'passed') >= needed) {
    return decided('passed', `${needed} in a row passed: ${latest(measurements, 'passed')}`);
  }
  if (counted >= schedule.count) {
    if (inconclusive > 0) {
      return decided(
        'inconclusive',
        inconclusive === counted
          ? latest(measurements, 'inconclusive')
          : `${inconclusive} of ${counted} measurements said nothing: ${latest(measurements, 'inconclusive')}`,
      );
    }
    if (needed > 0) {
      const why = failed > 0 ? `; last failure: ${latest(measurements, 'failed')}` : '';
      return decided('failed', `never ${needed} passes in a row in ${counted} measurements${why}`);
    }
    if (passed === 0 && failed === 0) return decided('inconclusive', 'nothing was measured');
    if (passed === 0)
      return decided('failed', `none of ${counted} passed: ${latest(measurements, 'failed')}`);
    return decided('passed', passes(passed, counted, latest(measurements, 'passed')));
  }
  if (ending === 'cancelled')
    return decided('inconclusive', `cancelled after ${progress(counted, schedule)}`);
  if (ending === 'deadline') {
    const until = `after ${formatDuration(schedule.deadline)}`;
    if (last === undefined)
      return decided('inconclusive', `the deadline passed ${until}: nothing was measured`);
    return decided(
      last.outcome === 'failed' ? 'failed' : 'inconclusive',
      `the deadline passed ${until} and ${progress(counted, schedule)}; last: ${last.reason}`,
    );
  }
  return { state: 'measuring', reason: last?.reason ?? 'not measured yet' };
}

function decided(verdict: Verdict, reason: string): Assessment {
  return { state: 'decided', verdict, reason };
}

function passes(passed: number, counted: number, why: string): string {
  return counted === 1 ? why : `${passed} of ${counted} measurements passed: ${why}`;
}

function progress(counted: number, schedule: Schedule): string {
  return `${counted} of ${schedule.count} ${schedule.count === 1 ? 'measurement' : 'measurements'}`;
}

function number(measurements: readonly Finding[], outcome: Outcome): number {
  return measurements.filter((measurement) => measurement.outcome === outcome).length;
}

function latest(measurements: readonly Finding[], outcome: Outcome): string {
  return measurements.findLast((measurement) => measurement.outcome === outcome)?.reason ?? '';
}

/** How many of the newest measurements have the outcome, without another between. */
function trailing(measurements: readonly Finding[], outcome: Outcome): number {
  return (
    measurements.length - 1 - measurements.findLastIndex((measurement) => measurement.outcome !== outcome)
  );
}
