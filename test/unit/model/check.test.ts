import assert from 'node:assert/strict';
import { assessCheck, type Finding, type Outcome, type Schedule } from '../../../core/model/check.ts';

const schedule: Schedule = {
  initialDelay: 0,
  interval: 1_000,
  count: 1,
  failureLimit: 0,
  errorLimit: 4,
  consecutiveSuccesses: 0,
  deadline: 60_000,
};

const letters: Readonly<Record<string, Outcome>> = {
  p: 'passed',
  f: 'failed',
  i: 'inconclusive',
  e: 'error',
};

/** One finding per letter. */
function findings(text: string): readonly Finding[] {
  return text.split('').map((letter, index) => ({
    outcome: letters[letter] ?? 'error',
    reason: `${letter}${index + 1}`,
  }));
}

describe('the verdict of a check', () => {
  const cases: readonly [
    what: string,
    change: Partial<Schedule>,
    measured: string,
    ending: 'deadline' | 'cancelled' | undefined,
    expected: string,
  ][] = [
    ['one pass passes', {}, 'p', undefined, 'passed: p1'],
    ['one failure fails', {}, 'f', undefined, 'failed: f1'],
    ['nothing found is inconclusive', {}, 'i', undefined, 'inconclusive: i1'],
    ['an error is asked again', {}, 'e', undefined, 'measuring'],
    ['an error between does not count', {}, 'eep', undefined, 'passed: p3'],
    [
      'errors beyond their limit are inconclusive',
      {},
      'eeeee',
      undefined,
      'inconclusive: could not ask 5 times in a row: e5',
    ],
    [
      'an error is not tolerated when none is',
      { errorLimit: 0 },
      'e',
      undefined,
      'inconclusive: could not ask: e1',
    ],
    ['passes count up', { count: 3 }, 'pp', undefined, 'measuring'],
    ['all passes pass', { count: 3 }, 'ppp', undefined, 'passed: 3 of 3 measurements passed: p3'],
    ['a failure decides at once', { count: 3 }, 'pf', undefined, 'failed: 1 of 2 measurements failed: f2'],
    ['a tolerated failure does not', { count: 3, failureLimit: 1 }, 'pf', undefined, 'measuring'],
    [
      'a tolerated failure passes in the end',
      { count: 3, failureLimit: 1 },
      'pfp',
      undefined,
      'passed: 2 of 3 measurements passed: p3',
    ],
    [
      'one failure too many fails',
      { count: 5, failureLimit: 1 },
      'pff',
      undefined,
      'failed: 2 of 3 measurements failed (tolerated: 1): f3',
    ],
    [
      'a measurement that said nothing is never a pass',
      { count: 3, failureLimit: 2 },
      'pip',
      undefined,
      'inconclusive: 1 of 3 measurements said nothing: i2',
    ],
    [
      'passes in a row suffice',
      { count: 10, failureLimit: 9, consecutiveSuccesses: 2 },
      'fpp',
      undefined,
      'passed: 2 in a row passed: p3',
    ],
    [
      'an error breaks the row',
      { count: 10, failureLimit: 9, consecutiveSuccesses: 2 },
      'pep',
      undefined,
      'measuring',
    ],
    [
      'a row that never came fails',
      { count: 4, failureLimit: 4, consecutiveSuccesses: 2 },
      'pfpf',
      undefined,
      'failed: never 2 passes in a row in 4 measurements; last failure: f4',
    ],
    [
      'nothing by the deadline is inconclusive',
      {},
      '',
      'deadline',
      'inconclusive: the deadline passed after 1m: nothing was measured',
    ],
    [
      'too little by the deadline is inconclusive',
      { count: 3 },
      'pp',
      'deadline',
      'inconclusive: the deadline passed after 1m and 2 of 3 measurements; last: p2',
    ],
    [
      'a deadline met while failing fails',
      { count: 3, failureLimit: 2 },
      'pf',
      'deadline',
      'failed: the deadline passed after 1m and 2 of 3 measurements; last: f2',
    ],
    [
      'a cancelled check is inconclusive',
      { count: 3 },
      'pp',
      'cancelled',
      'inconclusive: cancelled after 2 of 3 measurements',
    ],
    [
      'what was decided stays decided',
      { count: 3 },
      'ppf',
      'cancelled',
      'failed: 1 of 3 measurements failed: f3',
    ],
  ];
  for (const [what, change, measured, ending, expected] of cases) {
    it(what, () => {
      const assessment = assessCheck({ ...schedule, ...change }, findings(measured), ending);
      const said =
        assessment.state === 'decided' ? `${assessment.verdict}: ${assessment.reason}` : assessment.state;
      assert.equal(said, expected);
    });
  }
});
