import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseRelease, type Release } from '../../core/model/release.ts';
import { changesIn, snapshotProduction } from '../../scripts/demo/production.ts';
import { compareToCi } from '../../scripts/demo/what-runs.ts';
import type { Run } from '../../sandbox/azure/devops-run.ts';
import type { CiResult } from '../../sandbox/world/ci.ts';
import { sharedWorld, type Shared } from '../support/world.ts';
import { cd, ci, type Delivery } from './quiet-run.ts';

/** The stages of a run with their results. */
const stagesOf = ({ outcome }: Delivery): Readonly<Record<string, string>> =>
  Object.fromEntries([...outcome.stages].map(([name, { result }]) => [name, result]));

async function releaseOf(run: Run, artifact: string): Promise<Release> {
  const folder = await mkdtemp(path.join(tmpdir(), 'artifact-'));
  try {
    await run.downloadArtifact(artifact, folder);
    return parseRelease(await readFile(path.join(folder, 'release.json'), 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

// The tests tell one story, in this order: each begins where the one before it ended.
describe('the chain, by the shipped pipelines and the four tasks', function () {
  this.timeout(180_000);
  let shared: Shared;
  let built: CiResult;

  before(async function () {
    // From nothing, the Kubernetes components are built first.
    this.timeout(1_200_000);
    shared = await sharedWorld();
    built = await ci(shared);
  });

  describe('when the release is rejected', () => {
    it('stops before promotion, and production and its registry are byte for byte as before', async () => {
      const before = await snapshotProduction(shared.world);
      const delivery = await cd(shared, built, 'rejected');
      assert.deepEqual(stagesOf(delivery), {
        Staging: 'succeeded',
        Approval: 'failed',
        Promotion: 'skipped',
        Production: 'skipped',
      });
      assert.deepEqual(changesIn(before, await snapshotProduction(shared.world)), []);
    });
  });

  describe('when the release is approved', () => {
    let delivery: Delivery;
    before(async () => {
      delivery = await cd(shared, built);
    });

    it('runs every stage', () => {
      assert.deepEqual(
        stagesOf(delivery),
        { Staging: 'succeeded', Approval: 'succeeded', Promotion: 'succeeded', Production: 'succeeded' },
        delivery.transcript.text,
      );
    });

    it('runs the digests that CI pushed, read back from both clusters', async () => {
      assert.deepEqual(await compareToCi(shared.world, 'staging', built.digests), []);
      assert.deepEqual(await compareToCi(shared.world, 'production', built.digests), []);
    });

    it('tells the person who is asked what the gate says and where the evidence is', () => {
      const [text = ''] = delivery.asked;
      assert.match(
        text,
        new RegExp(`Release ${built.run.number} ran in staging; the acceptance gate says: passed`),
      );
      assert.match(
        text,
        new RegExp(`buildId=${delivery.run.id}&view=artifacts \\(artifact release-staging-1\\)`),
      );
    });

    it('leaves a record of both deployments, both verdicts and three promotions', async () => {
      const release = await releaseOf(delivery.run, 'release-production-1');
      assert.equal(release.name, built.run.number);
      assert.deepEqual(
        release.images.map(({ name, digest }) => [name, digest]),
        [...built.digests].toSorted(byName(release)),
      );
      assert.deepEqual(
        release.deployments.map(({ environment, outcome }) => [environment, outcome]),
        [
          ['staging', 'succeeded'],
          ['production', 'succeeded'],
        ],
      );
      assert.deepEqual(
        release.verdicts.map(({ environment, verdict }) => [environment, verdict]),
        [
          ['staging', 'passed'],
          ['production', 'passed'],
        ],
      );
      assert.deepEqual(
        release.promotions.map(({ image, to }) => [image, to.registry]).toSorted(),
        ['catalog', 'orders', 'storefront'].map((image) => [image, 'contosoprod.azurecr.io']),
      );
    });
  });

  describe('when CD runs again for the same CI run', () => {
    it('converges: nothing is moved, no object changes', async () => {
      const before = await snapshotProduction(shared.world);
      const delivery = await cd(shared, built);
      assert.equal(delivery.outcome.result, 'succeeded', delivery.transcript.text);
      const { deployments, promotions } = await releaseOf(delivery.run, 'release-production-1');
      const actions = deployments.flatMap(({ objects }) => objects.map(({ action }) => action));
      assert.deepEqual([...new Set(actions)], ['unchanged']);
      assert.deepEqual(
        promotions.map(({ bytes }) => bytes),
        [0, 0, 0],
      );
      assert.deepEqual(changesIn(before, await snapshotProduction(shared.world)), []);
    });
  });

  describe('when a version is broken', () => {
    it('is stopped at staging with its diagnosis, staging runs what it ran, production is as before', async () => {
      const before = await snapshotProduction(shared.world);
      const broken = await ci(shared, { orders: 'crash' });
      const delivery = await cd(shared, broken);
      assert.deepEqual(stagesOf(delivery), {
        Staging: 'failed',
        Approval: 'skipped',
        Promotion: 'skipped',
        Production: 'skipped',
      });
      assert.match(delivery.transcript.text, /Deployment shop\/orders.*CrashLoopBackOff/);
      assert.match(delivery.transcript.text, /cannot read configuration key "payments\.endpoint"/);
      const { deployments } = await releaseOf(delivery.run, 'release-staging-1');
      assert.deepEqual(
        deployments.map(({ environment, outcome }) => [environment, outcome]),
        [['staging', 'rolledBack']],
      );
      assert.deepEqual(await compareToCi(shared.world, 'staging', built.digests), []);
      assert.deepEqual(changesIn(before, await snapshotProduction(shared.world)), []);
    });
  });
});

/** In the order of the release's own images. */
function byName(
  release: Release,
): (one: readonly [string, string], other: readonly [string, string]) => number {
  const at = (name: string): number => release.images.findIndex((image) => image.name === name);
  return ([one], [other]) => at(one) - at(other);
}
