import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo } from '../../sandbox/build/go.ts';
import { type Cluster, type Ground, prepareGround, startCluster } from '../../sandbox/cluster/index.ts';
import { type GateTask, openGateTask } from '../support/gate/gate-task.ts';
import { releaseOf, subjectObjects } from '../support/gate/subject.ts';
import { kubectl } from '../support/kubectl.ts';

const digest = `sha256:${'5'.repeat(64)}`;

describe('acceptance-gate on a cluster with simulated nodes', function () {
  this.timeout(60_000);
  let directory: string;
  let ground: Ground;
  let cluster: Cluster;
  let subject: ChildProcess;
  let gate: GateTask;

  before(async function () {
    this.timeout(20 * 60_000);
    directory = await mkdtemp(join(tmpdir(), 'gate-world-'));
    const module = fileURLToPath(new URL('../support/subject', import.meta.url));
    const goarch = process.arch === 'x64' ? 'amd64' : process.arch;
    const address = `127.0.0.1:${await freePort()}`;
    subject = spawn(await buildGo({ module, goos: process.platform, goarch }), ['serve'], {
      env: { LISTEN: address },
      stdio: 'ignore',
    });
    ground = await prepareGround({ nodes: 'simulated', environment: {} });
    cluster = await startCluster({
      name: 'gate',
      ground,
      directory,
      simulate: ({ metadata }) =>
        metadata.labels?.['app'] === 'subject' ? { state: 'running', address } : { state: 'completed' },
    });
    await kubectl(
      cluster.kubeconfigPath,
      ['apply', '-f', '-'],
      subjectObjects(`registry.contoso.example/subject@${digest}`),
    );
    const wait = ['rollout', 'status', 'deployment/subject', '--namespace=shop', '--timeout=60s'];
    await kubectl(cluster.kubeconfigPath, wait);
    gate = await openGateTask(cluster.adminKubeconfig);
  });

  after(async () => {
    await gate.stop();
    await cluster.stop();
    await ground.release();
    const gone = once(subject, 'close');
    subject.kill();
    await gone;
    await rm(directory, { recursive: true });
  });

  it('asks the process that stands for the pods, though nothing leads to their addresses', async () => {
    const service = { kind: 'http', service: { name: 'subject', port: 'web' } };
    const run = await gate.run(releaseOf(digest), {
      checks: [
        { name: 'page', ...service, expect: { text: 'hello' } },
        { name: 'load', ...service, load: { requests: 100, rate: 200 } },
      ],
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
  });

  it('runs a Job to its end', async () => {
    const run = await gate.run(releaseOf(digest), {
      checks: [{ name: 'smoke', kind: 'job', image: 'subject' }],
    });
    assert.equal(run.result, 'succeeded', run.lines.join('\n'));
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
