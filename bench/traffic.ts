import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDeployCluster } from '../test/support/deploy-cluster.ts';
import {
  blueGreenLegs,
  breakEverything,
  canaryLegs,
  startJourney,
  travel,
} from '../test/support/strategy/traffic-journey.ts';

/**
 * Sends requests without pause through every step of a canary and of a blue-green deployment of real pods, and writes
 * requests and failures per phase to out/bench/traffic.json. The last phase kills all pods: what the measurement must see.
 */
export async function run(): Promise<void> {
  const world = await startDeployCluster('real');
  try {
    const journey = await startJourney(world);
    const phases = [...(await travel(journey, canaryLegs)), ...(await travel(journey, blueGreenLegs))];
    const control = await breakEverything(world, journey);
    const directory = join(import.meta.dirname, '..', 'out', 'bench');
    await mkdir(directory, { recursive: true });
    await writeFile(
      join(directory, 'traffic.json'),
      `${JSON.stringify({ phases, control }, undefined, 2)}\n`,
    );
    for (const { phase, requests, failures } of [...phases, ...control])
      console.log(
        `${String(requests).padStart(6)} requests ${String(failures).padStart(4)} failures  ${phase}`,
      );
    if (phases.some(({ failures }) => failures > 0)) process.exitCode = 1;
    if (control.every(({ failures }) => failures === 0)) process.exitCode = 1;
  } finally {
    await world.stop();
  }
}
