import assert from 'node:assert/strict';
import type { JsonObject } from '../../../../core/model/json.ts';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import { assessPod, commonDoom, doomOf } from '../../../../core/model/rollout/pod.ts';

function pod(status: JsonObject, metadata: JsonObject = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', ...metadata }, status };
}

const waiting = (reason: string, message = ''): KubernetesObject =>
  pod({ phase: 'Pending', containerStatuses: [{ name: 'app', state: { waiting: { reason, message } } }] });
const ended = (reason: string, exitCode: number): KubernetesObject =>
  pod({
    phase: 'Running',
    containerStatuses: [{ name: 'app', state: { terminated: { reason, exitCode } } }],
  });

describe('a pod is hopeless', () => {
  const cases: readonly (readonly [string, KubernetesObject, boolean])[] = [
    ['in a crash loop', waiting('CrashLoopBackOff'), true],
    [
      'when its image does not exist',
      waiting('ErrImagePull', 'rpc error: code = NotFound desc = failed to pull: not found'),
      true,
    ],
    [
      'when its image does not exist and it backs off',
      waiting('ImagePullBackOff', 'Back-off pulling image "x": ErrImagePull: manifest unknown'),
      true,
    ],
    ['when its image has no valid name', waiting('InvalidImageName'), true],
    ['when its image must be there and is not', waiting('ErrImageNeverPull'), true],
    [
      'when its configuration is missing',
      waiting('CreateContainerConfigError', 'configmap "settings" not found'),
      true,
    ],
    ['when it can not be run', ended('ContainerCannotRun', 127), true],
    ['not when the registry did not answer', waiting('ErrImagePull', 'dial tcp: i/o timeout'), false],
    [
      'not when it backs off from pulling for a reason that may pass',
      waiting('ImagePullBackOff', 'Back-off pulling image "x"'),
      false,
    ],
    [
      "not when the kubelet's cache lags",
      waiting('CreateContainerConfigError', 'failed to sync configmap cache: timed out'),
      false,
    ],
    ['not when the runtime had a race (128)', ended('ContainerCannotRun', 128), false],
    ['not after one crash', ended('Error', 1), false],
    ['not while it is created', waiting('ContainerCreating'), false],
  ];
  for (const [what, object, isDoomed] of cases) {
    it(what, () => {
      assert.equal(doomOf(object) !== undefined, isDoomed);
    });
  }

  it('by an init container as well', () => {
    const status = {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'init', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    assert.equal(doomOf(pod(status))?.container, 'init');
  });

  it('and tells how the process ended before', () => {
    const lastState = { terminated: { reason: 'OOMKilled', exitCode: 137 } };
    const status = {
      containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState }],
    };
    assert.equal(doomOf(pod(status))?.message, 'OOMKilled, exit code 137');
  });
});

describe('pods are hopeless together', () => {
  const healthy = pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });

  it('when every one is', () => {
    assert.equal(
      commonDoom([waiting('CrashLoopBackOff'), waiting('CrashLoopBackOff')])?.trouble.reason,
      'CrashLoopBackOff',
    );
  });
  it('but not when one can still come', () => {
    assert.equal(commonDoom([waiting('CrashLoopBackOff'), healthy]), undefined);
  });
  it('whatever those that go away look like', () => {
    const leaving = pod({ phase: 'Running' }, { deletionTimestamp: '2026-11-21T01:00:00Z' });
    assert.notEqual(commonDoom([waiting('CrashLoopBackOff'), leaving]), undefined);
  });
  it('and an evicted one is replaced, so it does not count', () => {
    const evicted = pod({ phase: 'Failed', reason: 'Evicted' });
    assert.equal(commonDoom([evicted, healthy]), undefined);
    assert.equal(commonDoom([evicted]), undefined);
  });
  it('and none at all are not hopeless', () => {
    assert.equal(commonDoom([]), undefined);
  });
});

describe('a pod of its own', () => {
  const cases: readonly (readonly [string, KubernetesObject, string])[] = [
    ['that has run to its end succeeds', pod({ phase: 'Succeeded' }), 'succeeded'],
    [
      'that is ready succeeds',
      pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }),
      'succeeded',
    ],
    ['that failed fails', pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }), 'failed'],
    [
      'that is being deleted fails: nobody replaces it',
      pod({ phase: 'Running' }, { deletionTimestamp: '2026-11-21T01:00:00Z' }),
      'failed',
    ],
    ['that crashes again and again fails', waiting('CrashLoopBackOff'), 'failed'],
    ['that waits for a node is awaited', pod({ phase: 'Pending' }), 'progressing'],
  ];
  for (const [what, object, state] of cases) {
    it(what, () => {
      assert.equal(assessPod(object).state, state);
    });
  }

  it('says why no node takes it', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    assert.deepEqual(assessPod(pod({ phase: 'Pending', conditions })), {
      state: 'progressing',
      message: 'Unschedulable: 0/3 nodes are available',
    });
  });
});
