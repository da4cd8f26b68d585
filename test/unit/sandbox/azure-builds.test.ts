import assert from 'node:assert/strict';
import { selectRuns } from '../../../sandbox/azure/devops-builds.ts';
import { Run, type RunRequest, type RunResult } from '../../../sandbox/azure/devops-run.ts';

function run(id: number, request: Partial<RunRequest>, result?: RunResult): Run {
  const made = new Run(
    id,
    { id: request.pipeline === 'cd' ? 2 : 1, name: request.pipeline ?? 'ci' },
    { pipeline: 'ci', ...request },
    '',
    '',
  );
  if (result !== undefined) made.complete(result);
  return made;
}

const runs = [
  run(1, {}, 'succeeded'),
  run(2, { branch: 'refs/heads/feature', reason: 'pullRequest' }, 'failed'),
  run(3, { pipeline: 'cd' }, 'partiallySucceeded'),
  run(4, { number: '1.4.0' }),
];
runs[0]?.addTag('release');

const cases: [query: string, ids: number[]][] = [
  ['', [4, 3, 2, 1]],
  ['definitions=1', [4, 2, 1]],
  ['definitions=1,2&statusFilter=completed', [3, 2, 1]],
  ['statusFilter=1', [4]],
  ['resultFilter=succeeded', [1]],
  ['resultFilter=6', [3, 1]],
  ['resultFilter=failed,partiallySucceeded', [3, 2]],
  ['branchName=refs/heads/feature', [2]],
  ['reasonFilter=256', [2]],
  ['tagFilters=release', [1]],
  ['tagFilters=release,other', []],
  ['buildNumber=1.4.0', [4]],
  ['buildNumber=1.*', [4]],
  ['buildIds=1,3', [3, 1]],
  ['queryOrder=queueTimeAscending', [1, 2, 3, 4]],
];

describe('a list of builds', () => {
  for (const [query, ids] of cases) {
    it(`with ${query === '' ? 'no filter' : query} is ${JSON.stringify(ids)}`, () => {
      assert.deepEqual(
        selectRuns(runs, new URLSearchParams(query)).map(({ id }) => id),
        ids,
      );
    });
  }
});
