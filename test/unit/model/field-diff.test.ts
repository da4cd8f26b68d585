import assert from 'node:assert/strict';
import { diffObjects, formatFieldChange } from '../../../core/model/field-diff.ts';
import type { JsonObject } from '../../../core/model/json.ts';
import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';

const object = (fields: JsonObject, metadata: JsonObject = {}, kind = 'Deployment'): KubernetesObject => ({
  apiVersion: kind === 'Secret' ? 'v1' : 'apps/v1',
  kind,
  metadata: { name: 'web', ...metadata },
  ...fields,
});
const diff = (before: KubernetesObject, after: KubernetesObject): string[] =>
  diffObjects(before, after).map(formatFieldChange);

describe('the difference between two states of an object', () => {
  it('is empty for what the server keeps for itself', () => {
    const before = object({ status: { a: 1 } }, { resourceVersion: '1', generation: 1, managedFields: [] });
    const after = object({ status: { a: 2 } }, { resourceVersion: '2', generation: 2, managedFields: [1] });
    assert.deepEqual(diff(before, after), []);
  });

  it('names each field by its path, with both values', () => {
    const before = object(
      { spec: { replicas: 1, paused: true } },
      { labels: { 'app.kubernetes.io/name': 'a' } },
    );
    const after = object(
      { spec: { replicas: 2, strategy: {} } },
      { labels: { 'app.kubernetes.io/name': 'b' } },
    );
    assert.deepEqual(diff(before, after).sort(), [
      'metadata.labels["app.kubernetes.io/name"]: a -> b',
      'spec.paused: true -> (none)',
      'spec.replicas: 1 -> 2',
      'spec.strategy: (none) -> {}',
    ]);
  });

  it('compares lists of named things by name: one more is one change', () => {
    const list = (...containers: readonly JsonObject[]): KubernetesObject => object({ spec: { containers } });
    const before = list({ name: 'a', image: '1' }, { name: 'b', image: '1' });
    const after = list({ name: 'new', image: '1' }, { name: 'a', image: '1' }, { name: 'b', image: '2' });
    assert.deepEqual(diff(before, after).sort(), [
      'spec.containers[b].image: 1 -> 2',
      'spec.containers[new]: (none) -> {"name":"new","image":"1"}',
    ]);
  });

  it('compares other lists by position', () => {
    assert.deepEqual(diff(object({ args: ['a', 'b'] }), object({ args: ['a', 'c', 'd'] })), [
      'args[1]: b -> c',
      'args[2]: (none) -> d',
    ]);
  });

  it("never shows a Secret's values", () => {
    const before = object({ data: { a: 'b2xk', gone: 'eA==' } }, {}, 'Secret');
    const after = object({ data: { a: 'bmV3', added: 'eA==' } }, {}, 'Secret');
    assert.deepEqual(diff(before, after).sort(), [
      'data.a: (secret, changed)',
      'data.added: (secret, added)',
      'data.gone: (secret, removed)',
    ]);
  });

  it('keeps a long or multi-line value to one short line', () => {
    const [line = ''] = diff(object({ text: '' }), object({ text: 'line\n'.repeat(100) }));
    assert.equal(line.includes('\n'), false);
    assert.match(line, /\.\.\. \(600 characters\)$/);
  });
});
