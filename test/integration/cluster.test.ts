import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { buildGo } from '../../sandbox/build/go.ts';
import {
  checkPull,
  type Cluster,
  type Ground,
  prepareGround,
  startCluster,
} from '../../sandbox/cluster/index.ts';
import { SandboxError } from '../../sandbox/errors.ts';
import { endOfWorld } from '../support/end-of-world.ts';
import { kubectl } from '../support/kubectl.ts';
import { type LocalRegistry, startLocalRegistry } from '../support/local-registry.ts';
import { pushTinyImage } from '../support/tiny-image.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { tracesOf } from '../support/traces.ts';

const host = 'registry.contoso.example';
const realNodes = process.platform === 'linux' && process.getuid?.() === 0;

if (realNodes) describe('a cluster with a real node', realNode);
else describe('real nodes on this machine', noRealNode);

function realNode(this: Mocha.Suite): void {
  this.timeout(60_000);
  let directory: string;
  let ground: Ground;
  let registry: LocalRegistry;
  let cluster: Cluster;
  let issuer: TokenIssuer;
  let image: string;

  before(async function () {
    // The first time, everything is built and packages may be installed.
    this.timeout(20 * 60_000);
    directory = await mkdtemp(join(tmpdir(), 'cluster-'));
    ground = await prepareGround({ nodes: 'real', environment: {} });
    registry = await startLocalRegistry(directory, ground.hostAddress);
    const module = fileURLToPath(new URL('../support/greeter', import.meta.url));
    const program = await buildGo({ module, goos: 'linux' });
    image = `${host}/greeter@${await pushTinyImage(registry, 'greeter', program)}`;
    issuer = await startTokenIssuer(ground.hostAddress);
    const registries = [{ host, ...registry }];
    cluster = await startCluster({ name: 'real', ground, directory, registries, entra: issuer.entra });
  });

  after(async () => {
    await cluster.stop();
    await registry.stop();
    issuer.stop();
    await ground.release();
    await rm(directory, { recursive: true });
  });

  it('runs a Deployment by digest from a registry, routed to its Service from this machine', async () => {
    await kubectl(cluster.kubeconfigPath, ['apply', '-f', '-'], greeter(image));
    await kubectl(cluster.kubeconfigPath, ['rollout', 'status', 'deployment/greeter', '--timeout=50s']);
    const path = '-o=jsonpath={.spec.clusterIP}';
    const address = await kubectl(cluster.kubeconfigPath, ['get', 'service', 'greeter', path]);
    assert.equal(await fetched(`http://${address}/`), 'hello\n');
  });

  it('shows what the pod wrote', async () => {
    const log = await kubectl(cluster.kubeconfigPath, ['logs', 'deployment/greeter']);
    assert.equal(log, 'greeting at :8080\n');
  });

  it("tells whether its nodes can pull an image, in the kubelet's words", async () => {
    await checkPull(cluster, { image, namespace: 'default' });
    const missing = image.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
    await assert.rejects(
      checkPull(cluster, { image: missing, namespace: 'default' }),
      /ErrImagePull: .*not found/s,
    );
  });

  it('serves again after its API server was killed', async () => {
    await cluster.restart('kube-apiserver');
    const names = await kubectl(cluster.kubeconfigPath, ['get', 'deployments', '-o=name']);
    assert.equal(names, 'deployment.apps/greeter\n');
  });

  it('knows users by the object id and the groups of their Entra token', async () => {
    const credential = kubeconfigWithToken(
      cluster,
      await issuer.token({ oid: 'object-1', groups: ['group-1'] }),
    );
    const path = join(directory, 'entra.yaml');
    await writeFile(path, credential);
    const review = JSON.parse(await kubectl(path, ['auth', 'whoami', '-o=json'])) as {
      status: { userInfo: { username: string; groups: string[] } };
    };
    assert.equal(review.status.userInfo.username, 'object-1');
    assert.deepEqual(review.status.userInfo.groups, ['group-1', 'system:authenticated']);
  });

  it('takes simulated nodes beside its own', async () => {
    await cluster.addSimulatedNodes(2);
    const selector = '--selector=type=kwok';
    const names = await kubectl(cluster.kubeconfigPath, ['get', 'nodes', selector, '-o=name']);
    assert.equal(names, 'node/simulated-1\nnode/simulated-2\n');
  });

  it('says which process failed, and the last it wrote, when it can not start', async () => {
    const options = { name: 'failing', ground, directory };
    const entra = { issuer: 'http://not-https', discoveryUrl: '', caPem: '', audience: '' };
    await assert.rejects(startCluster({ ...options, entra }), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'ComponentFailed');
      assert.match(error.message, /^kube-apiserver ended .*\n.*issuer/s);
      return true;
    });
  });

  it('leaves nothing on the machine when it is stopped', async () => {
    const own = await prepareGround({ nodes: 'real', environment: {} });
    assert(own.nodes === 'real');
    const place = join(directory, 'stopped');
    const second = await startCluster({ name: 'second', ground: own, directory: place });
    assert.notDeepEqual(await tracesOf(own.bridge.name, place), []);
    await second.stop();
    await own.release();
    assert.deepEqual(await tracesOf(own.bridge.name, place), []);
  });

  it('leaves nothing when the process that started it is killed', async () => {
    const place = join(directory, 'killed');
    const { bridge, before, after } = await endOfWorld(place, 'real');
    assert.notEqual(bridge, (ground.nodes === 'real' && ground.bridge.name) || '');
    assert.notDeepEqual(before, []);
    assert.deepEqual(after, []);
  });
}

function noRealNode(this: Mocha.Suite): void {
  it('are refused with what to do about it', async () => {
    await assert.rejects(prepareGround({ nodes: 'real', environment: {} }), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'NodesImpossible');
      return true;
    });
  });
}

function kubeconfigWithToken({ adminKubeconfig }: Cluster, token: string): string {
  return adminKubeconfig.replace(/client-certificate-data: .*\n.*/, `token: ${token}`);
}

function greeter(image: string): unknown {
  const labels = { app: 'greeter' };
  const probe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 };
  const container = { name: 'greeter', image, readinessProbe: probe };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'greeter' },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [container] } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'greeter' },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  };
}

/** A Service's address may refuse for some tenths of a second after its pods are ready. */
async function fetched(url: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Promise((resolve, reject) => {
        get(url, (answer) => {
          text(answer).then(resolve, reject);
        }).on('error', reject);
      });
    } catch (error) {
      if (attempt === 30) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
