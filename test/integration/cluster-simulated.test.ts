import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { components } from '../../sandbox/build/components.ts';
import {
  type Cluster,
  logLine,
  prepareGround,
  type SimulatedPod,
  type Simulation,
  startCluster,
} from '../../sandbox/cluster/index.ts';
import { SandboxError } from '../../sandbox/errors.ts';
import { endOfWorld } from '../support/end-of-world.ts';
import { kubectl } from '../support/kubectl.ts';
import { processes } from '../support/traces.ts';

const minutes = 60_000;

describe('a cluster with simulated nodes', function () {
  this.timeout(minutes);
  let directory: string;
  let cluster: Cluster;
  let service: Server;

  before(async function () {
    this.timeout(20 * minutes);
    directory = await mkdtemp(join(tmpdir(), 'cluster-'));
    service = createServer((_request, response) => response.end('served\n')).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const address = `127.0.0.1:${(service.address() as AddressInfo).port}`;
    const log = join(directory, 'service.log');
    await writeFile(log, logLine('listening'));
    const simulate = ({ metadata }: SimulatedPod): Simulation => {
      switch (metadata.labels?.['app']) {
        case 'crashing':
          return { state: 'crashing', message: 'back-off restarting' };
        case 'missing':
          return { state: 'image-missing', message: 'no such digest' };
        default:
          return { state: 'running', address, logs: log };
      }
    };
    const ground = await prepareGround({ nodes: 'simulated', environment: {} });
    cluster = await startCluster({ name: 'simulated', ground, directory, simulate });
  });

  after(async () => {
    await cluster.stop();
    service.close();
    await rm(directory, { recursive: true });
  });

  const run = (app: string): Promise<string> => {
    const labels = { app };
    const containers = [{ name: 'main', image: `contosoprod.azurecr.io/${app}` }];
    return kubectl(cluster.kubeconfigPath, ['apply', '-f', '-'], {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
  };
  const waitingFor = async (app: string, reason: string): Promise<void> => {
    const path = `{.status.containerStatuses[0].state.waiting.reason}`;
    const condition = `--for=jsonpath=${path}=${reason}`;
    await kubectl(cluster.kubeconfigPath, ['wait', 'pod', '-l', `app=${app}`, condition, '--timeout=20s']);
  };

  it('makes a Deployment available, and forwards ports to the process that stands for its pods', async () => {
    await run('web');
    await kubectl(cluster.kubeconfigPath, ['rollout', 'status', 'deployment/web', '--timeout=20s']);
    const { world } = await components(['world']);
    const forward = spawn(
      world,
      ['kubectl', `--kubeconfig=${cluster.kubeconfigPath}`, 'port-forward', 'deployment/web', ':8080'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface({ input: forward.stdout }), 'line')) as [string];
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? '';
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await answer.text(), 'served\n');
    forward.kill();
    await once(forward, 'close');
  });

  it("shows that process's log", async () => {
    assert.equal(await kubectl(cluster.kubeconfigPath, ['logs', 'deployment/web']), 'listening\n');
  });

  it('lets pods fail as real ones do', async () => {
    await run('crashing');
    await run('missing');
    await waitingFor('crashing', 'CrashLoopBackOff');
    await waitingFor('missing', 'ImagePullBackOff');
  });

  it('leaves no process when the one that started it is killed', async () => {
    const { before, after } = await endOfWorld(join(directory, 'killed'), 'simulated');
    assert.notDeepEqual(before, []);
    assert.deepEqual(after, []);
  });
});

describe("a control plane of the user's own, in KUBEBUILDER_ASSETS", function () {
  this.timeout(minutes);
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assets-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is run in place of the built one, which may be links to it', async () => {
    const { world } = await components(['world']);
    for (const name of ['etcd', 'kube-apiserver']) await symlink(world, join(directory, name));
    const ground = await prepareGround({ environment: { KUBEBUILDER_ASSETS: directory } });
    const cluster = await startCluster({ name: 'assets', ground, directory: join(directory, 'world') });
    const commands = (await processes()).map(({ command }) => command.split(' ')[0]);
    await cluster.stop();
    assert(commands.includes(join(directory, 'etcd')));
    assert(commands.includes(join(directory, 'kube-apiserver')));
  });

  it('is refused by name when a program is missing', async () => {
    const ground = await prepareGround({ environment: { KUBEBUILDER_ASSETS: directory } });
    await assert.rejects(startCluster({ name: 'assets', ground, directory }), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'ClusterUnusable');
      assert.match(error.message, /has no executable etcd/);
      return true;
    });
  });
});
