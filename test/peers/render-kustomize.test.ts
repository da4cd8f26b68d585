import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Engines } from '../../core/render/engines.ts';
import { renderKustomize } from '../../core/render/kustomize.ts';
import { overlays, realEngines } from '../support/render-fixtures.ts';
import { answerOf, renderPeer } from '../support/render-peers.ts';

describe('kustomize build', () => {
  let engines: Engines;
  before(async function () {
    this.timeout(600_000);
    engines = await realEngines();
    await renderPeer('kustomize');
  });

  const kustomizations = {
    base: 'generators and labels',
    staging: 'a component, several bases, images, replicas, name suffixes',
    production: 'every patch, replacement, transformer and generator, with origins and order',
    'parts/monitoring': 'custom kinds and references to names',
    kinds: 'fields that are deprecated, lists, anchors and variables',
  };
  for (const [name, what] of Object.entries(kustomizations)) {
    it(`writes the bytes that we build of ${name}: ${what}`, async () => {
      const theirs = await answerOf('kustomize', ['build', join(overlays, name)]);
      assert.equal(theirs.error, undefined);
      const ours = await renderKustomize(engines, { directory: name, root: overlays });
      assert.equal(ours.manifests, theirs.output);
    }).timeout(60_000);
  }
});
