import assert from 'node:assert/strict';
import {
  applySetId,
  applySetParent,
  contentOf,
  isProtected,
  readApplySet,
  toolingOf,
  unionOf,
} from '../../../core/model/apply-set.ts';
import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';

const set = { namespace: 'shop', name: 'app' };
const object = (apiVersion: string, kind: string, namespace?: string): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(namespace === undefined ? {} : { namespace }) },
});

describe('an apply set', () => {
  it('has the id that the specification computes', () => {
    // kubectl v1.34: `kubectl apply --prune --applyset=secrets/app -n shop` labels its parent so.
    assert.match(applySetId(set), /^applyset-[A-Za-z0-9_-]{43}-v1$/);
    assert.notEqual(applySetId(set), applySetId({ ...set, namespace: 'other' }));
  });

  it('says what its members may be, sorted, its own namespace left out', () => {
    const content = contentOf([
      object('apps/v1', 'Deployment', 'shop'),
      object('v1', 'ConfigMap', 'other'),
      object('v1', 'ConfigMap', 'shop'),
      object('v1', 'Namespace'),
    ]);
    const parent = applySetParent(set, content);
    assert.equal(
      parent.metadata.annotations?.['applyset.kubernetes.io/contains-group-kinds'],
      'ConfigMap,Deployment.apps,Namespace',
    );
    assert.equal(parent.metadata.annotations['applyset.kubernetes.io/additional-namespaces'], 'other');
    assert.deepEqual(readApplySet(parent, set), {
      kinds: [
        { group: '', kind: 'ConfigMap' },
        { group: 'apps', kind: 'Deployment' },
        { group: '', kind: 'Namespace' },
      ],
      namespaces: ['shop', 'other'],
    });
    assert.equal(toolingOf(parent), 'aks-delivery/v1');
  });

  it('names old and new kinds while both may exist', () => {
    const [one, other] = [
      contentOf([object('v1', 'Secret', 'a')]),
      contentOf([object('v1', 'ConfigMap', 'b'), object('v1', 'Secret', 'a')]),
    ];
    assert.deepEqual(unionOf(one, other), {
      kinds: [
        { group: '', kind: 'Secret' },
        { group: '', kind: 'ConfigMap' },
      ],
      namespaces: ['a', 'b'],
    });
  });

  it('is not what any Secret is', () => {
    assert.equal(toolingOf(object('v1', 'Secret')), undefined);
  });

  const cases: readonly (readonly [KubernetesObject, boolean])[] = [
    [object('v1', 'Namespace'), true],
    [object('v1', 'PersistentVolumeClaim'), true],
    [object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'), true],
    [object('v1', 'ConfigMap'), false],
    [
      {
        ...object('v1', 'ConfigMap'),
        metadata: { name: 'x', annotations: { 'aks-delivery/prune': 'false' } },
      },
      true,
    ],
  ];
  for (const [member, isKept] of cases) {
    it(`${isKept ? 'keeps' : 'gives up'} a ${member.kind}${member.metadata.annotations === undefined ? '' : ' that says so'}`, () => {
      assert.equal(isProtected(member), isKept);
    });
  }
});
