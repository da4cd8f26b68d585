import assert from 'node:assert/strict';
import type { JsonObject } from '../../../core/model/json.ts';
import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import { isAsApplied } from '../../../core/model/managed-fields.ts';

const manager = 'aks-delivery';

const wanted: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    template: {
      spec: {
        containers: [
          { name: 'app', image: 'x@sha256:1', args: ['a'], ports: [{ containerPort: 80 }], resources: {} },
        ],
      },
    },
  },
};

// As an API server of v1.34 writes it for the object above.
const fieldsV1: JsonObject = {
  'f:metadata': { 'f:labels': { 'f:app': {} } },
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"app"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:args': {},
            'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            'f:resources': {},
          },
        },
      },
    },
  },
};

function live(
  change: (object: {
    spec: { replicas: number; template: { spec: { containers: JsonObject[] } } };
  }) => void = () => undefined,
  entry: JsonObject = {},
): KubernetesObject {
  const object = structuredClone(wanted) as unknown as {
    metadata: JsonObject;
    status: JsonObject;
    spec: { replicas: number; template: { spec: { containers: JsonObject[] } } };
  };
  const [container] = object.spec.template.spec.containers;
  object.spec.template.spec.containers = [
    { ...container, imagePullPolicy: 'IfNotPresent', ports: [{ containerPort: 80, protocol: 'TCP' }] },
  ];
  object.metadata = {
    ...object.metadata,
    uid: 'u',
    resourceVersion: '7',
    managedFields: [
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        apiVersion: 'apps/v1',
        subresource: 'status',
        fieldsV1: {},
      },
      { manager, operation: 'Apply', apiVersion: 'apps/v1', fieldsV1, ...entry },
    ],
  };
  object.status = { replicas: 2 };
  change(object);
  return object as unknown as KubernetesObject;
}

describe('isAsApplied', () => {
  it('is true when the same fields were applied and hold their values, defaults beside them', () => {
    assert.equal(isAsApplied(wanted, live(), manager), true);
  });

  const different: readonly (readonly [string, KubernetesObject, KubernetesObject])[] = [
    [
      'a value was changed by somebody else',
      wanted,
      live((object) => {
        object.spec.replicas = 5;
      }),
    ],
    [
      'a container was put before ours',
      wanted,
      live((object) => {
        object.spec.template.spec.containers.unshift({ name: 'app2' });
        object.spec.template.spec.containers.reverse();
        object.spec.template.spec.containers.pop();
        object.spec.template.spec.containers[0] = { name: 'app2' };
      }),
    ],
    [
      'the manifest has a field more',
      { ...wanted, spec: { ...(wanted['spec'] as JsonObject), paused: true } },
      live(),
    ],
    ['the manifest has a field less', { ...wanted, metadata: { name: 'web', namespace: 'shop' } }, live()],
    [
      'the manifest wants another value',
      { ...wanted, spec: { ...(wanted['spec'] as JsonObject), replicas: 3 } },
      live(),
    ],
    ['another version was applied', wanted, live(undefined, { apiVersion: 'apps/v1beta1' })],
    ['another manager applied it', wanted, live(undefined, { manager: 'kubectl' })],
    ['it was updated and never applied', wanted, live(undefined, { operation: 'Update' })],
  ];
  for (const [what, object, current] of different) {
    it(`is false when ${what}`, () => {
      assert.equal(isAsApplied(object, current, manager), false);
    });
  }

  it('is false for an order of a keyed list that is not the live one', () => {
    const list = (...names: string[]): JsonObject => ({ items: names.map((name) => ({ name })) });
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec: list('a', 'b') };
    const fields = {
      'f:spec': {
        'f:items': {
          'k:{"name":"a"}': { '.': {}, 'f:name': {} },
          'k:{"name":"b"}': { '.': {}, 'f:name': {} },
        },
      },
    };
    const current = (...names: string[]): KubernetesObject => ({
      ...object,
      metadata: {
        name: 'x',
        managedFields: [{ manager, operation: 'Apply', apiVersion: 'v1', fieldsV1: fields }],
      },
      spec: list(...names),
    });
    assert.equal(isAsApplied(object, current('a', 'b'), manager), true);
    assert.equal(isAsApplied(object, current('b', 'a'), manager), false);
    assert.equal(isAsApplied(object, current('x', 'a', 'b'), manager), true);
  });

  it('compares sets by their values', () => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', finalizers: ['a'] } };
    const current = (...finalizers: string[]): KubernetesObject => ({
      ...object,
      metadata: {
        name: 'x',
        finalizers,
        managedFields: [
          {
            manager,
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsV1: { 'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a"': {} } } },
          },
        ],
      },
    });
    assert.equal(isAsApplied(object, current('a', 'b'), manager), true);
    assert.equal(isAsApplied(object, current('b'), manager), false);
  });

  it('is false where nothing is known about the ownership', () => {
    assert.equal(isAsApplied(wanted, { ...wanted }, manager), false);
  });
});
