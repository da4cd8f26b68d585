import assert from 'node:assert/strict';
import { hooksOf, readPolicies, type HelmHook, type HookEvent } from '../../../core/render/helm-hooks.ts';

function hook(name: string, weight: number, ...events: readonly HookEvent[]): HelmHook {
  return {
    kind: 'Job',
    name,
    path: 'shop/templates/h.yaml',
    manifest: '',
    events,
    weight,
    deletePolicies: [],
  };
}

describe("a chart's hooks", () => {
  it('run by weight, then by name, else in the order they are in', () => {
    const hooks = [
      hook('late', 10, 'pre-install'),
      hook('b', 0, 'pre-install'),
      hook('a', 0, 'pre-install', 'pre-upgrade'),
      hook('early', -10, 'pre-install'),
      hook('other', 0, 'post-install'),
    ];
    assert.deepEqual(
      hooksOf(hooks, 'pre-install').map(({ name }) => name),
      ['early', 'a', 'b', 'late'],
    );
    assert.deepEqual(
      hooksOf(hooks, 'pre-upgrade').map(({ name }) => name),
      ['a'],
    );
  });

  it('are deleted before they are made anew where the chart says nothing', () => {
    assert.deepEqual(readPolicies([]), ['before-hook-creation']);
    assert.deepEqual(readPolicies(['hook-failed', 'hook-succeeded']), ['hook-succeeded', 'hook-failed']);
    assert.deepEqual(readPolicies(['on-tuesdays']), []);
  });
});
