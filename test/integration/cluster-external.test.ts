import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type Ground, prepareGround, startCluster } from '../../sandbox/cluster/index.ts';
import { SandboxError } from '../../sandbox/errors.ts';
import { kubectl } from '../support/kubectl.ts';

describe("clusters of the user's own, in KUBECONFIG", function () {
  this.timeout(60_000);
  let directory: string;
  let theirs: Cluster;

  before(async function () {
    this.timeout(20 * 60_000);
    directory = await mkdtemp(join(tmpdir(), 'cluster-'));
    const ground = await prepareGround({ nodes: 'simulated', environment: {} });
    theirs = await startCluster({ name: 'theirs', ground, directory });
  });
  after(async () => {
    await theirs.stop();
    await rm(directory, { recursive: true });
  });

  const open = async (name: string, environment: Record<string, string>): Promise<Cluster> => {
    const ground: Ground = await prepareGround({ environment });
    assert.equal(ground.nodes, 'external');
    return startCluster({ name, ground, directory: join(directory, 'world'), environment });
  };
  const refused = async (
    name: string,
    environment: Record<string, string>,
    message: RegExp,
  ): Promise<void> => {
    await assert.rejects(open(name, environment), (error) => {
      assert(error instanceof SandboxError);
      assert.equal(error.problem, 'ClusterUnusable');
      assert.match(`${error.message} ${error.hint ?? ''}`, message);
      return true;
    });
  };

  it('are used under the context named for them, and left running', async () => {
    const cluster = await open('staging', {
      KUBECONFIG: theirs.kubeconfigPath,
      AKS_DELIVERY_STAGING_CONTEXT: 'theirs',
    });
    assert.equal(cluster.server, theirs.server);
    assert.equal(cluster.caPem, theirs.caPem);
    await cluster.stop();
    assert.equal(await kubectl(cluster.kubeconfigPath, ['get', 'nodes', '-o=name']), 'node/simulated-1\n');
  });

  it('are never taken from the current context', async () => {
    await refused('staging', { KUBECONFIG: theirs.kubeconfigPath }, /no context staging .*; there is theirs/);
  });

  it('are refused when nothing answers', async () => {
    const path = join(directory, 'nobody.yaml');
    await writeFile(path, theirs.adminKubeconfig.replaceAll(theirs.server, 'https://127.0.0.1:9'));
    await refused('theirs', { KUBECONFIG: path }, /context theirs: no answer from https:\/\/127\.0\.0\.1:9/);
  });

  it('are refused by permission when the context is not an administrator', async () => {
    await kubectl(theirs.kubeconfigPath, ['create', 'serviceaccount', 'visitor']);
    const token = (await kubectl(theirs.kubeconfigPath, ['create', 'token', 'visitor'])).trim();
    const path = join(directory, 'visitor.yaml');
    const withToken = theirs.adminKubeconfig.replace(/client-certificate-data: .*\n.*/, `token: ${token}`);
    await writeFile(path, withToken);
    await refused('theirs', { KUBECONFIG: path }, /may not create namespaces, .*administrator/);
  });
});
