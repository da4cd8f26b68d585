import assert from 'node:assert/strict';
import { isDeliveryError } from '../../../core/model/errors.ts';
import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import type { ManifestObject } from '../../../core/model/manifest-object.ts';
import {
  applyOverrides,
  mergeOverrides,
  parseOverrides,
  type Overrides,
} from '../../../core/model/overrides.ts';

const read = (value: unknown): Overrides =>
  parseOverrides(value, 'prod.yaml', (text) => text.replace('$(x)', 'secret'));
const manifests = (...objects: readonly KubernetesObject[]): readonly ManifestObject[] =>
  objects.map((object) => ({ object, origin: 'f' }));
const web: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas: 1 },
};
const settings: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { a: '1', b: '2' },
};
const keys: KubernetesObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' } };

describe("an environment's overrides", () => {
  it('change replicas, configuration and secrets, and nothing else', () => {
    const overrides = read({
      replicas: { web: 3 },
      config: { settings: { b: 'two', c: 3 } },
      secrets: { keys: { password: 'a $(x)' } },
    });
    const [one, two, three] = applyOverrides(manifests(web, settings, keys), overrides);
    assert.deepEqual(one?.object['spec'], { replicas: 3 });
    assert.deepEqual(two?.object['data'], { a: '1', b: 'two', c: '3' });
    assert.deepEqual(three?.object['data'], { password: Buffer.from('a secret').toString('base64') });
  });

  it('come in layers, of which the later decides', () => {
    const merged = mergeOverrides([
      read({
        replicas: { web: 1, api: 1 },
        config: { settings: { a: 'base', b: 'base' } },
        patches: [{ patch: 'one' }],
      }),
      read({ replicas: { web: 5 }, config: { settings: { b: 'prod' } }, patches: [{ patch: 'two' }] }),
    ]);
    assert.deepEqual(merged.replicas, { web: 5, api: 1 });
    assert.deepEqual(merged.config, { settings: { a: 'base', b: 'prod' } });
    assert.deepEqual(merged.patches, [{ patch: 'one' }, { patch: 'two' }]);
  });

  it('of a kind and name are for that kind alone', () => {
    const set: KubernetesObject = { ...web, kind: 'StatefulSet' };
    const [one, two] = applyOverrides(manifests(web, set), read({ replicas: { 'StatefulSet/web': 4 } }));
    assert.deepEqual([one?.object['spec'], two?.object['spec']], [{ replicas: 1 }, { replicas: 4 }]);
  });

  it('of what no manifest has are refused: a typo must not pass', () => {
    const overrides = read({ replicas: { wbe: 3 }, config: { setings: { a: 'b' } } });
    assert.throws(
      () => applyOverrides(manifests(web, settings), overrides),
      (error) => isDeliveryError(error) && /replicas of wbe, ConfigMap setings/.test(error.message),
    );
  });

  const faults: readonly (readonly [unknown, RegExp])[] = [
    [[], /must be an object/],
    [{ replica: {} }, /a field "replica"/],
    [{ replicas: { web: -1 } }, /replicas\.web must be a whole number/],
    [{ replicas: { web: '3' } }, /replicas\.web must be a whole number/],
    [{ config: { settings: { a: {} } } }, /settings\.a must be text/],
    [{ config: { settings: 'a' } }, /settings must be a map/],
    [{ patches: ['x'] }, /patches must be a list of objects/],
  ];
  for (const [value, message] of faults) {
    it(`are refused: ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => read(value),
        (error) => isDeliveryError(error) && error.code === 'FileInvalid' && message.test(error.message),
      );
    });
  }

  it('of an empty file change nothing', () => {
    assert.deepEqual(applyOverrides(manifests(web), read(undefined)), manifests(web));
  });
});
