import { setTimeout as sleep } from 'node:timers/promises';
import type { ManifestObject } from '../../../core/model/manifest-object.ts';
import { deploy } from '../../../core/operations/deploy/deploy.ts';
import type { DeployRequest } from '../../../core/operations/deploy/request.ts';
import {
  runBlueGreen,
  type BlueGreenOptions,
} from '../../../core/operations/deploy/strategies/blue-green.ts';
import { promoteColor, rejectColor } from '../../../core/operations/deploy/strategies/blue-green-end.ts';
import {
  advanceCanary,
  runCanary,
  type CanaryOptions,
} from '../../../core/operations/deploy/strategies/canary.ts';
import { promote, reject } from '../../../core/operations/deploy/strategies/canary-end.ts';
import type { StepJudge } from '../../../core/operations/deploy/strategies/judge.ts';
import type { StrategyOutcome } from '../../../core/operations/deploy/strategies/outcome.ts';
import { readManifest } from '../../../core/render/manifest-objects.ts';
import { deployRequest, deploySurroundings, type DeployCluster } from '../deploy-cluster.ts';
import { ask, startLoad, type PhaseLoad, type SteadyLoad } from './steady-load.ts';

const namespace = 'traffic';

/** A service that answers with its version, which it has from a ConfigMap, and that drains before it ends. */
export function service(image: string, version: string, replicas = 3): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {GREETING: ${version}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 6
      containers:
      - name: app
        image: ${image}
        args: [serve]
        env: [{name: VERSION, value: ${version}}]
        envFrom: [{configMapRef: {name: settings}}]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 3}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
`;
}

/** One cluster with the service in version 1, and everything that can be done to it while requests go on. */
export interface Journey {
  readonly url: string;
  canary(version: string, options?: Partial<CanaryOptions>): Promise<StrategyOutcome>;
  advance(): Promise<StrategyOutcome>;
  promote(): Promise<StrategyOutcome>;
  reject(): Promise<StrategyOutcome>;
  blueGreen(version: string, options?: Partial<BlueGreenOptions>): Promise<StrategyOutcome>;
  promoteColor(): Promise<StrategyOutcome>;
  switchBack(): Promise<StrategyOutcome>;
  load(): SteadyLoad;
}

const failing: StepJudge = () => Promise.resolve({ verdict: 'failed', reason: 'it is meant to' });

export async function startJourney(world: DeployCluster): Promise<Journey> {
  await world.kubectl(['create', 'namespace', namespace]);
  const manifests = (version: string): readonly ManifestObject[] =>
    readManifest(service(world.image, version), 'web.yaml');
  const request = (version?: string): DeployRequest =>
    deployRequest('', namespace, { manifests: version === undefined ? [] : manifests(version) });
  const surroundings = (): ReturnType<typeof deploySurroundings> =>
    deploySurroundings(world.client, { timeout: 120_000 });
  const first = await deploy(request('v1'), surroundings());
  if (first.failure !== undefined) throw first.failure;
  const path = '-o=jsonpath={.spec.clusterIP}';
  const address = await world.kubectl(['get', 'service', 'web', '-n', namespace, path]);
  const url = `http://${address}/`;
  await settle(url);
  const steps = [
    { weight: 25, bake: 1_000 },
    { weight: 50, bake: 1_000 },
  ];
  return {
    url,
    canary: (version, options = {}) =>
      runCanary(
        request(version),
        { steps, traffic: 'pods', constantTotal: false, manual: true, judge: undefined, ...options },
        surroundings(),
      ),
    advance: () => advanceCanary(request(), { manual: true, judge: undefined }, surroundings()),
    promote: () => promote(request(), surroundings()),
    reject: () => reject(request(), surroundings()),
    blueGreen: (version, options = {}) =>
      runBlueGreen(
        request(version),
        { manual: false, scaleDownDelay: 2_000, judge: undefined, ...options },
        surroundings(),
      ),
    promoteColor: () => promoteColor(request(), 2_000, surroundings()),
    switchBack: () => rejectColor(request(), surroundings()),
    load: () => startLoad(url, 15),
  };
}

/** A ClusterIP refuses for a part of a second after its first pods are ready (kube-proxy): that is no part of the proof. */
async function settle(url: string): Promise<void> {
  for (let inRow = 0, tries = 0; inRow < 20; tries += 1) {
    inRow = await ask(url).then(
      () => inRow + 1,
      () => 0,
    );
    if (tries > 600) throw new Error(`${url} does not answer`);
    await sleep(50);
  }
}

/** A step of the journey: what is done, and what it must come to. */
interface Leg {
  readonly phase: string;
  readonly state: StrategyOutcome['state'];
  readonly run: (journey: Journey) => Promise<StrategyOutcome>;
}

export const canaryLegs: readonly Leg[] = [
  { phase: 'canary of v2 at 25%', state: 'waiting', run: (journey) => journey.canary('v2') },
  { phase: 'canary of v2 at 50%', state: 'waiting', run: (journey) => journey.advance() },
  { phase: 'promotion of v2', state: 'promoted', run: (journey) => journey.promote() },
  {
    phase: 'canary of v3, total constant',
    state: 'waiting',
    run: (journey) => journey.canary('v3', { constantTotal: true }),
  },
  { phase: 'rejection of v3', state: 'rejected', run: (journey) => journey.reject() },
  {
    phase: 'canary of v4 whose checks fail',
    state: 'rejected',
    run: (journey) => journey.canary('v4', { judge: failing, manual: false }),
  },
];

export const blueGreenLegs: readonly Leg[] = [
  { phase: 'adoption and switch to v5', state: 'promoted', run: (journey) => journey.blueGreen('v5') },
  { phase: 'preview of v6', state: 'waiting', run: (journey) => journey.blueGreen('v6', { manual: true }) },
  { phase: 'switch to v6', state: 'promoted', run: (journey) => journey.promoteColor() },
  { phase: 'switch back to v5', state: 'rejected', run: (journey) => journey.switchBack() },
  {
    phase: 'preview of v7 whose checks fail',
    state: 'rejected',
    run: (journey) => journey.blueGreen('v7', { judge: failing }),
  },
];

/** Goes the legs one after the other while requests go on without pause. */
export async function travel(journey: Journey, legs: readonly Leg[]): Promise<readonly PhaseLoad[]> {
  const load = journey.load();
  try {
    for (const { phase, state, run } of legs) {
      load.begin(phase);
      const outcome = await run(journey);
      if (outcome.state !== state) {
        throw new Error(`${phase}: ${outcome.state} instead of ${state}`, { cause: outcome.failure });
      }
      // What the step left behind ends in its own phase.
      await sleep(1_000);
    }
  } finally {
    load.begin('after');
  }
  await sleep(500);
  return load.stop();
}

/** All pods at once, without a word: what the measurement must see. */
export async function breakEverything(world: DeployCluster, journey: Journey): Promise<readonly PhaseLoad[]> {
  const load = journey.load();
  load.begin('all pods killed');
  await world.kubectl(['delete', 'pods', '--all', '-n', namespace, '--grace-period=0', '--force']);
  await sleep(3_000);
  return load.stop();
}
