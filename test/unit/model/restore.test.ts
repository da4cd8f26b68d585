import assert from 'node:assert/strict';
import type { JsonObject } from '../../../core/model/json.ts';
import type { KubernetesObject } from '../../../core/model/kubernetes-object.ts';
import { recreated, undoChange } from '../../../core/model/restore.ts';

const object = (spec: JsonObject, metadata: JsonObject = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x', ...metadata },
  spec,
});

describe('undoing a change', () => {
  it('puts back what was changed, takes out what was added, brings back what was removed', () => {
    const before = object({ changed: 1, removed: 2, nested: { a: 1 } });
    const after = object({ changed: 9, added: 3, nested: { a: 9 } });
    assert.deepEqual(undoChange(after, before, after)['spec'], { changed: 1, removed: 2, nested: { a: 1 } });
  });

  it('keeps what others have changed since', () => {
    const before = object({ image: 'old', replicas: 2 });
    const after = object({ image: 'new', replicas: 2 });
    const current = object({ image: 'new', replicas: 5, note: 'theirs' });
    assert.deepEqual(undoChange(current, before, after)['spec'], {
      image: 'old',
      replicas: 5,
      note: 'theirs',
    });
  });

  it('treats a list as one value', () => {
    const before = object({ args: ['a'] });
    const after = object({ args: ['a', 'b'] });
    assert.deepEqual(undoChange(after, before, after)['spec'], { args: ['a'] });
  });

  it('writes over the version that it read, and leaves status and ownership to the server', () => {
    const before = object(
      {},
      { resourceVersion: '1', managedFields: ['before'], generation: 1, labels: { a: 'b' } },
    );
    const after = object({}, { resourceVersion: '2', managedFields: ['after'], generation: 2 });
    const current = { ...object({}, { resourceVersion: '3', managedFields: ['now'] }), status: { x: 1 } };
    const undone = undoChange(current, before, after);
    assert.deepEqual(undone.metadata, { name: 'x', labels: { a: 'b' }, resourceVersion: '3' });
    assert.equal('status' in undone, false);
  });
});

describe('an object that comes back', () => {
  it('has nothing that the server gave to its predecessor', () => {
    const metadata = {
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: 't',
      managedFields: [],
      labels: { a: 'b' },
    };
    assert.deepEqual(
      recreated({ ...object({ a: 1 }, metadata), status: {} }),
      object({ a: 1 }, { labels: { a: 'b' } }),
    );
  });
});
