import assert from 'node:assert/strict';
import { configHashAnnotation, withConfigHashes } from '../../../core/model/config-hash.ts';
import type { JsonObject } from '../../../core/model/json.ts';
import { textAt, type KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import type { ManifestObject } from '../../../core/model/manifest-object.ts';

const manifest = (object: KubernetesObject): ManifestObject => ({ object, origin: 'f' });
const config = (name: string, data: JsonObject, namespace?: string): ManifestObject =>
  manifest({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    data,
  });
const web = (spec: JsonObject, kind = 'Deployment'): ManifestObject =>
  manifest({ apiVersion: 'apps/v1', kind, metadata: { name: 'web' }, spec: { template: { spec } } });

function hashOf(...manifests: readonly ManifestObject[]): string | undefined {
  const workload = withConfigHashes(manifests, 'shop').find(({ object }) => object.metadata.name === 'web');
  return textAt(workload?.object, 'spec', 'template', 'metadata', 'annotations', configHashAnnotation);
}

const reader = web({ containers: [{ name: 'a', envFrom: [{ configMapRef: { name: 'settings' } }] }] });

describe("the hash of a workload's configuration", () => {
  it('changes with the content, and not with the order in which it is written', () => {
    const hash = hashOf(reader, config('settings', { a: '1', b: '2' }));
    assert.notEqual(hash, undefined);
    assert.equal(hashOf(reader, config('settings', { b: '2', a: '1' })), hash);
    assert.notEqual(hashOf(reader, config('settings', { a: '1', b: '3' })), hash);
  });

  const ways: readonly (readonly [string, JsonObject])[] = [
    ['envFrom', { containers: [{ envFrom: [{ configMapRef: { name: 'settings' } }] }] }],
    [
      'env',
      {
        containers: [
          { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }] },
        ],
      },
    ],
    ['an init container', { initContainers: [{ envFrom: [{ configMapRef: { name: 'settings' } }] }] }],
    ['a volume', { volumes: [{ name: 'v', configMap: { name: 'settings' } }] }],
    [
      'a projected volume',
      { volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'settings' } }] } }] },
    ],
  ];
  for (const [way, spec] of ways) {
    it(`sees what is read by ${way}`, () => {
      assert.notEqual(hashOf(web(spec), config('settings', { a: '1' })), undefined);
    });
  }

  it('follows Secrets as well', () => {
    const secret = manifest({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'keys' },
      data: { a: 'MQ==' },
    });
    assert.notEqual(hashOf(web({ volumes: [{ secret: { secretName: 'keys' } }] }), secret), undefined);
  });

  const none: readonly (readonly [string, readonly ManifestObject[]])[] = [
    ['a workload that reads nothing of this deployment', [web({ containers: [] }), config('settings', {})]],
    ['configuration from elsewhere', [reader]],
    ['configuration of another namespace', [reader, config('settings', {}, 'other')]],
    [
      'a pull secret, which changes by itself',
      [web({ imagePullSecrets: [{ name: 'settings' }] }), config('settings', {})],
    ],
    [
      'a Job, whose template can not change',
      [
        web({ containers: [{ envFrom: [{ configMapRef: { name: 'settings' } }] }] }, 'Job'),
        config('settings', {}),
      ],
    ],
  ];
  for (const [what, manifests] of none) {
    it(`is not there for ${what}`, () => {
      assert.equal(hashOf(...manifests), undefined);
    });
  }
});
