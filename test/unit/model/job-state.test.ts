import assert from 'node:assert/strict';
import { assessJob, type JobState } from '../../../core/model/job-state.ts';

const running = { status: {} };
const complete = { status: { conditions: [{ type: 'Complete', status: 'True' }] } };
const failed = (reason = 'BackoffLimitExceeded') => ({
  status: { conditions: [{ type: 'Failed', status: 'True', reason, message: `Job has: ${reason}` }] },
});

function pod(state: object, more: object = {}, name = 'gate-smoke-x', created = '2026-01-01T00:00:00Z') {
  return {
    metadata: { name, creationTimestamp: created },
    status: { phase: 'Pending', containerStatuses: [{ name: 'check', state }], ...more },
  };
}

describe('the state of a Job', () => {
  const cases: readonly [what: string, job: object, pods: readonly object[], expected: JobState][] = [
    ['without a pod it waits', running, [], { state: 'waiting', reason: 'no pod yet' }],
    [
      'with a container being created it waits',
      running,
      [pod({ waiting: { reason: 'ContainerCreating' } })],
      { state: 'waiting', reason: 'ContainerCreating' },
    ],
    [
      'without a node it waits and says what the scheduler says',
      running,
      [
        {
          metadata: { name: 'x' },
          status: {
            phase: 'Pending',
            conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }],
          },
        },
      ],
      { state: 'waiting', reason: 'no node takes it: 0/1 nodes are available' },
    ],
    [
      'a first refusal to pull may pass',
      running,
      [pod({ waiting: { reason: 'ErrImagePull', message: 'not found' } })],
      { state: 'waiting', reason: 'ErrImagePull' },
    ],
    [
      'an image that is given up is stuck',
      running,
      [pod({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } })],
      { state: 'stuck', reason: 'ImagePullBackOff: Back-off pulling image' },
    ],
    [
      'a missing Secret is stuck',
      running,
      [pod({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } })],
      { state: 'stuck', reason: 'CreateContainerConfigError: secret "x" not found' },
    ],
    [
      'a started container runs',
      running,
      [pod({ running: { startedAt: '2026-01-01T00:00:01Z' } })],
      { state: 'running', pod: 'gate-smoke-x' },
    ],
    [
      'the Complete condition succeeds',
      complete,
      [pod({ terminated: { exitCode: 0, reason: 'Completed' } })],
      { state: 'succeeded', pod: 'gate-smoke-x' },
    ],
    [
      'the Failed condition fails with the exit code and the last words',
      failed(),
      [pod({ terminated: { exitCode: 3, reason: 'Error', message: 'a\n2 of 9 tests failed\n' } })],
      { state: 'failed', reason: 'exit code 3: 2 of 9 tests failed', pod: 'gate-smoke-x' },
    ],
    [
      'a killed container fails with what killed it',
      failed(),
      [pod({ terminated: { exitCode: 137, reason: 'OOMKilled' } })],
      { state: 'failed', reason: 'OOMKilled (exit code 137)', pod: 'gate-smoke-x' },
    ],
    [
      'a Job that ran too long fails by that',
      failed('DeadlineExceeded'),
      [],
      { state: 'failed', reason: 'it ran longer than allowed and was stopped' },
    ],
    [
      'the newest pod counts',
      running,
      [
        pod({ terminated: { exitCode: 1 } }, {}, 'old', '2026-01-01T00:00:00Z'),
        pod({ running: { startedAt: '2026-01-01T00:00:09Z' } }, {}, 'new', '2026-01-01T00:00:05Z'),
      ],
      { state: 'running', pod: 'new' },
    ],
  ];
  for (const [what, job, pods, expected] of cases) {
    it(what, () => {
      assert.deepEqual(assessJob(job, pods), expected);
    });
  }
});
