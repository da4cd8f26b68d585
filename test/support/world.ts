import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildTasks } from '../../scripts/build.ts';
import { buildServiceBinaries, type ServiceBinaries } from '../../sandbox/world/service-images.ts';
import { startWorld, type World } from '../../sandbox/world.ts';

export interface Shared {
  readonly world: World;
  readonly binaries: ServiceBinaries;
}

let shared: Promise<Shared> | undefined;
let directory: string | undefined;

/** One world for all files of a mocha run: it is started by whoever asks first, and stopped after the last test. */
export function sharedWorld(): Promise<Shared> {
  return (shared ??= start());
}

async function start(): Promise<Shared> {
  directory = await mkdtemp(path.join(tmpdir(), 'world-'));
  const [world, binaries] = await Promise.all([
    startWorld({ directory }),
    buildServiceBinaries(() => undefined),
    buildTasks(),
  ]);
  return { world, binaries };
}

// Registered once, by the first file that imports this, at the root: it runs after every test of the run.
after(async function () {
  this.timeout(60_000);
  const started = await shared?.catch(() => undefined);
  await started?.world.stop();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});
