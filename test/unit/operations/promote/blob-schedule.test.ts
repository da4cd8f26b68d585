import assert from 'node:assert/strict';
import { digestOf, type Digest } from '../../../../core/model/digest.ts';
import { graphOf, type GraphNode } from '../../../../core/model/image-graph.ts';
import { scheduleBlobs } from '../../../../core/operations/promote/blob-schedule.ts';
import type { SourceTree } from '../../../../core/operations/promote/source-tree.ts';
import type { TargetState } from '../../../../core/operations/promote/target-state.ts';

const blob = (name: string, size: number): { mediaType: string; digest: Digest; size: number } => ({
  mediaType: 'a/b',
  digest: digestOf(name),
  size,
});

function tree(
  path: string,
  layers: readonly (readonly [string, number])[],
  source = 'nonprod.example',
): SourceTree {
  const bytes = Buffer.from(path);
  const descriptor = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const [config, ...rest] = layers.map(([name, size]) => blob(name, size));
  assert.ok(config);
  const node: GraphNode = {
    content: { descriptor, bytes },
    document: { kind: 'image', annotations: {}, config, layers: rest },
  };
  const from = { registry: source, path };
  const image = {
    name: path,
    source: path,
    repository: from,
    digest: descriptor.digest,
    mediaType: '',
    size: 0,
    platforms: [],
  };
  return {
    item: { image, from, to: { registry: 'prod.example', path }, tags: [] },
    graph: graphOf(descriptor.digest, new Map([[descriptor.digest, node]])),
    attached: [],
    digestTags: [],
  };
}

function state(path: string, blobs: readonly string[], isKnown = true): TargetState {
  const repository = { registry: 'prod.example', path };
  return {
    repository,
    isKnown,
    manifests: new Set(),
    blobs: new Set(blobs.map((name) => digestOf(name))),
    tags: new Set(),
  };
}

describe('the schedule of blobs', () => {
  it('moves each blob once, mounts it everywhere else, and starts with the largest', () => {
    const trees = [
      tree('a', [
        ['ca', 1],
        ['shared', 50],
      ]),
      tree('b', [
        ['cb', 2],
        ['shared', 50],
      ]),
    ];
    const { groups, totals } = scheduleBlobs(trees, [state('a', []), state('b', [])]);
    assert.deepEqual(totals.moved, { count: 3, bytes: 53 });
    assert.deepEqual(totals.mounted, { count: 1, bytes: 50 });
    assert.deepEqual(
      groups.map(({ first }) => first.blob.size),
      [50, 2, 1],
    );
    assert.deepEqual(
      groups[0]?.others.map(({ to, mountFrom }) => [to.path, mountFrom]),
      [['b', 'a']],
    );
  });

  it('mounts what another repository of the target has', () => {
    const trees = [
      tree('a', [
        ['ca', 1],
        ['shared', 50],
      ]),
      tree('b', [
        ['cb', 2],
        ['shared', 50],
      ]),
    ];
    const { groups, totals } = scheduleBlobs(trees, [state('a', ['ca', 'shared']), state('b', [])]);
    assert.deepEqual(totals.present, { count: 2, bytes: 51 });
    assert.deepEqual(totals.mounted, { count: 1, bytes: 50 });
    assert.equal(groups.find(({ first }) => first.blob.size === 50)?.first.mountFrom, 'a');
  });

  it('has nothing to do for what is there', () => {
    const { groups } = scheduleBlobs([tree('a', [['ca', 1]])], [state('a', ['ca'])]);
    assert.deepEqual(groups, []);
  });

  it('asks a repository that seems new whether it has the blob after all', () => {
    const { groups } = scheduleBlobs([tree('a', [['ca', 1]])], [state('a', [], false)]);
    assert.equal(groups[0]?.first.mountFrom, 'a');
  });

  it('moves nothing within one registry', () => {
    const { totals } = scheduleBlobs(
      [
        tree(
          'a',
          [
            ['ca', 1],
            ['l', 9],
          ],
          'prod.example',
        ),
      ],
      [state('a', [])],
    );
    assert.equal(totals.moved.count, 0);
    assert.equal(totals.mounted.count, 2);
  });
});
