import assert from 'node:assert/strict';
import { startDeployCluster, type DeployCluster } from '../support/deploy-cluster.ts';
import {
  blueGreenLegs,
  breakEverything,
  canaryLegs,
  startJourney,
  travel,
  type Journey,
} from '../support/strategy/traffic-journey.ts';
import type { PhaseLoad } from '../support/strategy/steady-load.ts';

const realNodes = process.platform === 'linux' && process.getuid?.() === 0;

/** Traffic proves something only where pods really serve and a kernel really forwards. */
if (realNodes) describe('requests without pause', realTraffic);

function realTraffic(this: Mocha.Suite): void {
  this.timeout(5 * 60_000);
  let world: DeployCluster;
  let journey: Journey;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startDeployCluster('real');
    journey = await startJourney(world);
  });
  after(() => world.stop());

  it('all succeed through the steps, the promotion and the rejection of a canary', async () => {
    const phases = await travel(journey, canaryLegs);
    assertNoFailure(phases);
    assert.deepEqual(answersOf(phases, 'canary of v2 at 50%').sort(), ['hello v1', 'hello v2']);
    assert.deepEqual(answersOf(phases, 'after'), ['hello v2']);
    assert.equal(await leftovers(world, 'app.canary'), '');
  });

  it('all succeed through the adoption, the switches and the way back of two colours', async () => {
    const phases = await travel(journey, blueGreenLegs);
    assertNoFailure(phases);
    assert.deepEqual(answersOf(phases, 'preview of v6'), ['hello v5']);
    assert.deepEqual(answersOf(phases, 'preview of v7 whose checks fail'), ['hello v5']);
    assert.deepEqual(answersOf(phases, 'after'), ['hello v5']);
  });

  it('are seen to fail when all pods are killed', async () => {
    const phases = await breakEverything(world, journey);
    const failures = phases.reduce((sum, { failures: count }) => sum + count, 0);
    assert(failures > 0, JSON.stringify(phases));
  });
}

function assertNoFailure(phases: readonly PhaseLoad[]): void {
  for (const phase of phases) assert.equal(phase.failures, 0, JSON.stringify(phase));
  for (const phase of phases.slice(1)) assert(phase.requests > 0, JSON.stringify(phase));
}

function answersOf(phases: readonly PhaseLoad[], name: string): string[] {
  return Object.keys(phases.find(({ phase }) => phase === name)?.answers ?? {});
}

async function leftovers(world: DeployCluster, owner: string): Promise<string> {
  const kinds = 'deployments,replicasets,pods,services,configmaps,secrets';
  return world.kubectl(['get', kinds, '-A', '-l', `aks-delivery/strategy-of=${owner}`, '-o=name']);
}
