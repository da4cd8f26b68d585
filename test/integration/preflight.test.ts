import assert from 'node:assert/strict';
import { hosts, identities, loginServer, registryId, subscriptions } from '../../sandbox/names.ts';
import { pushImage } from '../../sandbox/images/push.ts';
import { smallImage } from '../support/azure-fixture.ts';
import { issueOf, logOf } from '../support/identities/agent-job.ts';
import { acrConnection, armConnection, signIn } from '../support/identities/connections.ts';
import { startIdentityWorld, type IdentityWorld } from '../support/identities/identity-world.ts';
import { kubectl } from '../support/kubectl.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';

const { nonprod } = subscriptions;
const registry = loginServer(nonprod.registry);

describe('a preflight of a real cluster', function () {
  this.timeout(240_000);
  let world: IdentityWorld;
  let image: string;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startIdentityWorld({ nodes: 'auto', tasks: ['aks-deploy'] });
    const { azure } = world;
    const built = await smallImage('what is to be deployed');
    await pushImage({
      image: built,
      repository: 'shop/storefront',
      tags: ['1.0.0'],
      registry,
      identity: azure.identities.ci,
      proxyUrl: azure.proxyUrl,
      ca: azure.authority.certificatePem,
    });
    image = `${registry}/shop/storefront@${built.digest}`;
    await world.job.write(
      'app.yaml',
      [
        'apiVersion: apps/v1',
        'kind: Deployment',
        'metadata: {name: storefront}',
        'spec:',
        '  selector: {matchLabels: {app: storefront}}',
        '  template:',
        '    metadata: {labels: {app: storefront}}',
        `    spec: {containers: [{name: storefront, image: ${registry}/shop/storefront}]}`,
      ].join('\n'),
    );
  });
  after(() => world.stop());

  const run = (inputs: Readonly<Record<string, string>> = {}): Promise<TaskRun> => {
    const { staging } = world.azure.identities;
    const connections = [
      armConnection(staging, signIn.federated(staging), nonprod),
      { ...acrConnection(staging, signIn.secret(staging), registry), id: identities.production.connectionId },
    ];
    const named = {
      action: 'preflight',
      azureSubscription: 'arm',
      azureResourceGroup: nonprod.resourceGroup,
      kubernetesCluster: nonprod.cluster,
      namespace: 'shop',
      manifests: 'app.yaml',
      containers: image,
    };
    return world.job.task('aks-deploy', { ...named, ...inputs }, { connections });
  };

  const podsLeft = (): Promise<string> =>
    kubectl(world.cluster.kubeconfigPath, ['get', 'pods,secrets', '-n', 'shop', '-o', 'name']);

  it('says of everything that it is there, and leaves nothing behind', async () => {
    const before = await podsLeft();
    const done = await run();
    const log = logOf(done);
    assert.equal(done.result, 'succeeded', log);
    for (const found of [
      `Network to ${hosts.login}: answers over TLS`,
      `Network to ${hosts.management}: answers over TLS`,
      'Access to the cluster: shop-staging at ',
      `Identity in the cluster: ${world.azure.identities.staging.objectId} at Kubernetes v1.`,
      'Manifests: 1 objects',
      'all given',
      'Pull from the cluster: 1 images pulled by a node',
    ]) {
      assert.ok(log.includes(found), `${found}\n${log}`);
    }
    assert.equal(await podsLeft(), before);
  });

  it('lists everything that is missing together, each with its remedy', async () => {
    const unknown = `${registry}/shop/storefront@sha256:${'0'.repeat(64)}`;
    const done = await run({ namespace: 'default', manifests: 'nowhere.yaml', containers: unknown });
    const said = issueOf(done);
    assert.match(said, /^PreflightFailed: 2 of \d+ checks failed:/);
    assert.match(said, /Manifests: FileNotFound: .*nowhere\.yaml/);
    assert.match(said, /Pull from the cluster: Forbidden: .*can not be created/);
    assert.match(said, /Pull from the cluster: Give the identity create, get and delete on pods/);
    assert.match(logOf(done), /- +Rights in the cluster: first: Manifests/);
  });

  it('gives the commands that grant what is missing in the namespace', async () => {
    const done = await run({ namespace: 'default', preflightPull: 'false' });
    const said = issueOf(done);
    const { objectId } = world.azure.identities.staging;
    assert.ok(said.includes(`${objectId} may not get, create, patch deployments.apps in default`), said);
    assert.ok(
      said.includes(
        'kubectl create role delivery -n default --verb=get,create,patch --resource=deployments.apps',
      ),
      said,
    );
    assert.ok(said.includes(`--role=delivery --user=${objectId}`), said);
  });

  it('says whether the nodes may pull, in the words of the node', async () => {
    world.azure.access.revoke('staging', 'AcrPull', registryId(nonprod));
    try {
      const said = issueOf(await run());
      // A simulated node says that it has pulled whatever it is given.
      const told =
        world.cluster.nodes === 'real'
          ? /Pull from the cluster: Unauthenticated: the nodes can not pull .*40[13].*az aks update --name CLUSTER/s
          : /^$/;
      assert.match(said, told);
    } finally {
      world.azure.access.assign('staging', 'AcrPull', registryId(nonprod));
    }
  });

  it('tells a host that the network does not lead to, and the rest all the same', async () => {
    world.azure.faults.add({ host: hosts.management, effect: { kind: 'reset' } });
    try {
      const done = await run({ timeout: '30s', preflightPull: 'false' });
      const said = issueOf(done);
      assert.match(said, new RegExp(`Network to ${hosts.management}: (Unreachable|DeadlineExceeded)`));
      assert.match(logOf(done), /Manifests: 1 objects/);
      assert.match(logOf(done), /- +Identity in the cluster: first: Access to the cluster/);
    } finally {
      world.azure.faults.clear();
    }
  });

  it('tries the pull with the sign-in that the deployment would keep in the namespace', async () => {
    const before = await podsLeft();
    const done = await run({ containerRegistry: 'acr' });
    assert.equal(done.result, 'succeeded', logOf(done));
    assert.equal(await podsLeft(), before);
  });
});
