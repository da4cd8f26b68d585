import assert from 'node:assert/strict';
import type { JsonObject } from '../../../../core/model/json.ts';
import type { KubernetesObject } from '../../../../core/model/kubernetes-object.ts';
import { assessRollout } from '../../../../core/model/rollout/assess.ts';
import type { RolloutState } from '../../../../core/model/rollout/state.ts';

interface Parts {
  readonly metadata?: JsonObject;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
}

function workload(kind: string, { metadata = {}, spec = {}, status = {} }: Parts): KubernetesObject {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', generation: 2, ...metadata },
    spec,
    status: { observedGeneration: 2, ...status },
  };
}

function ownedBy(uid: string, kind: string, name: string, parts: Parts = {}): KubernetesObject {
  const ownerReferences = [{ apiVersion: 'x', kind: 'x', name: 'x', uid, controller: true }];
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, uid: name, ownerReferences, ...parts.metadata },
    status: parts.status ?? {},
  };
}

const crashing = { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }] };
const assess = (kind: string, parts: Parts): RolloutState => assessRollout({ object: workload(kind, parts) });

type Case = readonly [string, Parts, RolloutState['state'], RegExp];

function table(kind: string, cases: readonly Case[]): void {
  for (const [what, parts, state, message] of cases) {
    it(`${what}: ${state}`, () => {
      const verdict = assess(kind, parts);
      assert.equal(verdict.state, state);
      assert.match(verdict.message, message);
    });
  }
}

describe('a Deployment', () => {
  table('Deployment', [
    [
      'that nobody has looked at since the change',
      {
        spec: { replicas: 2 },
        status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
      },
      'progressing',
      /controller/,
    ],
    [
      'that is all updated and available',
      { spec: { replicas: 2 }, status: { replicas: 2, updatedReplicas: 2, availableReplicas: 2 } },
      'succeeded',
      /2 of 2/,
    ],
    [
      'whose manifest leaves the replicas open',
      { status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
      'succeeded',
      /1 of 1/,
    ],
    ['of no replicas', { spec: { replicas: 0 } }, 'succeeded', /0 of 0/],
    [
      'whose new pods are not all there',
      { spec: { replicas: 3 }, status: { replicas: 3, updatedReplicas: 1, availableReplicas: 3 } },
      'progressing',
      /1 of 3 pods updated/,
    ],
    [
      'whose old pods still stop',
      { spec: { replicas: 2 }, status: { replicas: 3, updatedReplicas: 2, availableReplicas: 3 } },
      'progressing',
      /waiting for 1 old pod to stop/,
    ],
    [
      'whose new pods are not available',
      { spec: { replicas: 2 }, status: { replicas: 2, updatedReplicas: 2, availableReplicas: 1 } },
      'progressing',
      /1 of 2 updated pods available/,
    ],
    [
      'that exceeded its progress deadline',
      {
        spec: { replicas: 2 },
        status: {
          conditions: [
            {
              type: 'Progressing',
              status: 'False',
              reason: 'ProgressDeadlineExceeded',
              message: 'timed out',
            },
          ],
        },
      },
      'failed',
      /timed out/,
    ],
    [
      'that is short of quota, which may pass',
      {
        spec: { replicas: 2 },
        status: {
          conditions: [
            { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
          ],
        },
      },
      'progressing',
      /exceeded quota/,
    ],
    [
      'that is paused, so never changes',
      {
        spec: { replicas: 1, paused: true },
        status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      },
      'failed',
      /paused/,
    ],
    [
      'that is being deleted',
      { metadata: { deletionTimestamp: 'x', finalizers: ['keep'] } },
      'failed',
      /waits for keep/,
    ],
  ]);

  const revision = (number: string): JsonObject => ({
    annotations: { 'deployment.kubernetes.io/revision': number },
  });
  const rollout = (...newPods: readonly JsonObject[]): RolloutState =>
    assessRollout({
      object: workload('Deployment', {
        metadata: revision('2'),
        spec: { replicas: 2 },
        status: { replicas: 3, updatedReplicas: 1, availableReplicas: 2 },
      }),
      replicaSets: [
        ownedBy('u1', 'ReplicaSet', 'old', { metadata: revision('1') }),
        ownedBy('u1', 'ReplicaSet', 'new', { metadata: revision('2') }),
      ],
      pods: [
        ownedBy('old', 'Pod', 'old-1', { status: crashing }),
        ...newPods.map((status, index) => ownedBy('new', 'Pod', `new-${index}`, { status })),
      ],
    });

  it('fails at once when every pod of its newest replica set is hopeless', () => {
    assert.equal(rollout(crashing, crashing).state, 'failed');
  });
  it('is awaited while one of them may come', () => {
    assert.equal(rollout(crashing, { phase: 'Pending' }).state, 'progressing');
  });
  it("does not fail by its old replica set's pods", () => {
    assert.equal(rollout().state, 'progressing');
  });
});

describe('a StatefulSet', () => {
  const all = { replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 };
  table('StatefulSet', [
    ['that is all updated and available', { spec: { replicas: 3 }, status: all }, 'succeeded', /3 of 3/],
    [
      'that nobody has looked at since the change',
      { spec: { replicas: 3 }, status: { ...all, observedGeneration: 1 } },
      'progressing',
      /controller/,
    ],
    [
      'that is being updated',
      { spec: { replicas: 3 }, status: { ...all, updatedReplicas: 1 } },
      'progressing',
      /1 of 3 pods updated/,
    ],
    [
      'with a partition, above which all are updated',
      {
        spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
        status: { ...all, updatedReplicas: 1 },
      },
      'succeeded',
      /partition 2/,
    ],
    [
      'with a partition, above which none is updated',
      {
        spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
        status: { ...all, updatedReplicas: 0 },
      },
      'progressing',
      /0 of 1/,
    ],
    [
      'with a strategy of no type, which is rolling',
      { spec: { replicas: 3, updateStrategy: {} }, status: { ...all, updatedReplicas: 0 } },
      'progressing',
      /0 of 3/,
    ],
    [
      'that changes when its pods are deleted',
      { spec: { replicas: 3, updateStrategy: { type: 'OnDelete' } }, status: { ...all, updatedReplicas: 0 } },
      'succeeded',
      /3 change when they are deleted/,
    ],
    ['that shrinks', { spec: { replicas: 1 }, status: all }, 'progressing', /./],
    [
      'whose pods must be ready for a while first',
      { spec: { replicas: 3, minReadySeconds: 30 }, status: { ...all, availableReplicas: 2 } },
      'progressing',
      /2 of 3 pods available/,
    ],
  ]);

  it('fails when its new pods are hopeless', () => {
    const pod = ownedBy('u1', 'Pod', 'web-2', {
      metadata: { labels: { 'controller-revision-hash': 'r2' } },
      status: crashing,
    });
    const object = workload('StatefulSet', {
      spec: { replicas: 3 },
      status: { ...all, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2, updateRevision: 'r2' },
    });
    assert.equal(assessRollout({ object, pods: [pod] }).state, 'failed');
  });
});

describe('a DaemonSet', () => {
  const all = { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };
  table('DaemonSet', [
    ['that is on all its nodes', { status: all }, 'succeeded', /3 of 3/],
    [
      'that is being updated',
      { status: { ...all, updatedNumberScheduled: 1 } },
      'progressing',
      /1 of 3 pods updated/,
    ],
    ['that is not available everywhere', { status: { ...all, numberAvailable: 2 } }, 'progressing', /2 of 3/],
    ['that matches no node', { status: { desiredNumberScheduled: 0 } }, 'succeeded', /no node/],
    [
      'that changes when its pods are deleted',
      { spec: { updateStrategy: { type: 'OnDelete' } }, status: { ...all, updatedNumberScheduled: 0 } },
      'succeeded',
      /OnDelete/,
    ],
    [
      'that nobody has looked at since the change',
      { status: { ...all, observedGeneration: 1 } },
      'progressing',
      /controller/,
    ],
  ]);
});

describe('a Job', () => {
  table('Job', [
    [
      'that is complete',
      { status: { conditions: [{ type: 'Complete', status: 'True' }] } },
      'succeeded',
      /complete/,
    ],
    [
      'that failed',
      {
        status: {
          conditions: [
            { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' },
          ],
        },
      },
      'failed',
      /too often/,
    ],
    ['that runs', { status: { active: 1, failed: 1 } }, 'progressing', /1 running, 0 succeeded, 1 failed/],
    ['that its author suspended', { spec: { suspend: true } }, 'succeeded', /suspended/],
  ]);

  it('may crash as often as its backoffLimit allows', () => {
    const object = workload('Job', { status: { active: 1 } });
    assert.equal(
      assessRollout({ object, pods: [ownedBy('u1', 'Pod', 'p', { status: crashing })] }).state,
      'progressing',
    );
  });

  it('fails when its pod can never start', () => {
    const status = {
      containerStatuses: [
        { name: 'app', state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } },
      ],
    };
    const object = workload('Job', { status: { active: 1 } });
    assert.equal(assessRollout({ object, pods: [ownedBy('u1', 'Pod', 'p', { status })] }).state, 'failed');
  });
});
