import assert from 'node:assert/strict';
import type { JsonObject } from '../../../../core/model/json.ts';
import { assessRollout } from '../../../../core/model/rollout/assess.ts';
import type { RolloutState } from '../../../../core/model/rollout/state.ts';

const condition = (type: string, status: string, reason = '', message = ''): JsonObject => ({
  type,
  status,
  reason,
  message,
});

type Case = readonly [string, string, string, JsonObject, RolloutState['state']];

// kind, what, apiVersion, the object's own fields, verdict
const cases: readonly Case[] = [
  ['Service', 'of a cluster address is in place', 'v1', { spec: { type: 'ClusterIP' } }, 'succeeded'],
  [
    'Service',
    'of type LoadBalancer waits for its address',
    'v1',
    { spec: { type: 'LoadBalancer' }, status: { loadBalancer: {} } },
    'progressing',
  ],
  [
    'Service',
    'of type LoadBalancer with its address is in place',
    'v1',
    { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } } },
    'succeeded',
  ],
  ['Ingress', 'is in place without an address', 'networking.k8s.io/v1', {}, 'succeeded'],
  ['PersistentVolumeClaim', 'that is bound', 'v1', { status: { phase: 'Bound' } }, 'succeeded'],
  ['PersistentVolumeClaim', 'that waits', 'v1', { status: { phase: 'Pending' } }, 'progressing'],
  ['PersistentVolumeClaim', 'whose volume is lost', 'v1', { status: { phase: 'Lost' } }, 'failed'],
  [
    'HorizontalPodAutoscaler',
    'without metrics yet is in place',
    'autoscaling/v2',
    {
      status: {
        conditions: [
          condition('AbleToScale', 'True'),
          condition('ScalingActive', 'False', 'FailedGetResourceMetric'),
        ],
      },
    },
    'succeeded',
  ],
  [
    'HorizontalPodAutoscaler',
    'that can not reach its target is awaited',
    'autoscaling/v2',
    { status: { conditions: [condition('AbleToScale', 'False', 'FailedGetScale')] } },
    'progressing',
  ],
  [
    'CustomResourceDefinition',
    'that is established',
    'apiextensions.k8s.io/v1',
    { status: { conditions: [condition('Established', 'True')] } },
    'succeeded',
  ],
  ['CustomResourceDefinition', 'that is new', 'apiextensions.k8s.io/v1', {}, 'progressing'],
  [
    'CustomResourceDefinition',
    'whose names are taken',
    'apiextensions.k8s.io/v1',
    { status: { conditions: [condition('NamesAccepted', 'False', 'Conflict', 'in use')] } },
    'failed',
  ],
  ['CronJob', 'runs by its schedule', 'batch/v1', {}, 'succeeded'],
  ['ConfigMap', 'is in place', 'v1', {}, 'succeeded'],
  ['Namespace', 'that goes away', 'v1', { status: { phase: 'Terminating' } }, 'failed'],
  [
    'APIService',
    'whose server does not answer',
    'apiregistration.k8s.io/v1',
    { status: { conditions: [condition('Available', 'False', 'MissingEndpoints')] } },
    'progressing',
  ],
  [
    'Rollout',
    'of Argo that is healthy',
    'argoproj.io/v1alpha1',
    { status: { phase: 'Healthy', observedGeneration: '2' } },
    'succeeded',
  ],
  [
    'Rollout',
    'of Argo whose controller has not looked',
    'argoproj.io/v1alpha1',
    { status: { phase: 'Healthy', observedGeneration: '1' } },
    'progressing',
  ],
  [
    'Rollout',
    'of Argo that is degraded',
    'argoproj.io/v1alpha1',
    { status: { phase: 'Degraded', observedGeneration: '2' } },
    'failed',
  ],
  [
    'Rollout',
    'of Argo that was aborted',
    'argoproj.io/v1alpha1',
    { status: { phase: 'Progressing', abort: true, observedGeneration: '2' } },
    'failed',
  ],
  [
    'Rollout',
    'of Argo that is paused at a step',
    'argoproj.io/v1alpha1',
    { status: { phase: 'Paused', observedGeneration: '2' } },
    'progressing',
  ],
  [
    'Canary',
    'of Flagger that succeeded',
    'flagger.app/v1beta1',
    { status: { phase: 'Succeeded' } },
    'succeeded',
  ],
  ['Canary', 'of Flagger that failed', 'flagger.app/v1beta1', { status: { phase: 'Failed' } }, 'failed'],
  [
    'Canary',
    'of Flagger that shifts traffic',
    'flagger.app/v1beta1',
    { status: { phase: 'Progressing' } },
    'progressing',
  ],
  ['Certificate', 'that says nothing of itself is in place', 'cert-manager.io/v1', {}, 'succeeded'],
  [
    'Certificate',
    'that is ready',
    'cert-manager.io/v1',
    { status: { conditions: [condition('Ready', 'True')] } },
    'succeeded',
  ],
  [
    'Certificate',
    'that is not ready',
    'cert-manager.io/v1',
    { status: { conditions: [condition('Ready', 'False', 'Issuing')] } },
    'progressing',
  ],
  [
    'Certificate',
    'whose controller has not looked',
    'cert-manager.io/v1',
    { status: { observedGeneration: 1, conditions: [condition('Ready', 'True')] } },
    'progressing',
  ],
  [
    'HelmRelease',
    'that is stalled',
    'helm.toolkit.fluxcd.io/v2',
    {
      status: {
        observedGeneration: 2,
        conditions: [condition('Stalled', 'True', 'RetriesExceeded', 'gave up')],
      },
    },
    'failed',
  ],
  [
    'HelmRelease',
    'that is reconciled',
    'helm.toolkit.fluxcd.io/v2',
    { status: { observedGeneration: 2, conditions: [condition('Reconciling', 'True', 'Progressing')] } },
    'progressing',
  ],
];

describe('the verdict on other kinds', () => {
  for (const [kind, what, apiVersion, fields, state] of cases) {
    it(`${kind} ${what}: ${state}`, () => {
      const object = { apiVersion, kind, metadata: { name: 'x', generation: 2 }, ...fields };
      assert.equal(assessRollout({ object }).state, state);
    });
  }
});
