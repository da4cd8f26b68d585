import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildTasks } from '../../scripts/build.ts';
import { compareToCi } from '../../scripts/demo/what-runs.ts';
import { buildServiceBinaries } from '../../sandbox/world/service-images.ts';
import { startWorld, type World } from '../../sandbox/world.ts';
import { cd, ci } from './quiet-run.ts';

// What a machine without root or containerd runs: the services answer as processes, everything else is the same.
describe('the chain on simulated nodes', function () {
  this.timeout(180_000);
  let directory: string;
  let world: World;

  before(async function () {
    this.timeout(1_200_000);
    directory = await mkdtemp(path.join(tmpdir(), 'world-'));
    world = await startWorld({ directory, nodes: 'simulated' });
    await buildTasks();
  });

  after(async () => {
    await world.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('brings a release to production, digest for digest, and stops a broken one at staging', async () => {
    const shared = { world, binaries: await buildServiceBinaries(() => undefined) };
    const built = await ci(shared);
    const good = await cd(shared, built);
    assert.equal(good.outcome.result, 'succeeded', good.transcript.text);
    assert.deepEqual(await compareToCi(world, 'production', built.digests), []);

    const broken = await cd(shared, await ci(shared, { catalog: 'http-500' }));
    assert.equal(broken.outcome.stages.get('Staging')?.result, 'failed');
    assert.match(broken.transcript.text, /catalog lists products: failed: status 500, expected 200/);
    assert.deepEqual(await compareToCi(world, 'production', built.digests), []);
  });
});
