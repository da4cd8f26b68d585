import assert from 'node:assert/strict';
import { hosts, loginServer, registryId, subscriptions } from '../../sandbox/names.ts';
import type { ServiceConnection } from '../../sandbox/agent/service-connection.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';
import type { Image } from '../../sandbox/images/image.ts';
import { smallImage, startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';
import { issueOf, logOf, startJob, type AgentJob } from '../support/identities/agent-job.ts';
import { acrConnection, armConnection, basicConnection, signIn } from '../support/identities/connections.ts';
import { startInstanceMetadata, type InstanceMetadata } from '../support/identities/instance-metadata.ts';
import { addSovereignCloud } from '../support/identities/sovereign-cloud.ts';

const { nonprod } = subscriptions;
const registry = loginServer(nonprod.registry);
const credentials = { username: 'agent', password: 'p@ss:word/1' };

describe('the bundled task signs in to a registry', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;
  let job: AgentJob;
  let metadata: InstanceMetadata;
  let image: Image;

  before(async () => {
    fixture = await startAzureFixture();
    job = await startJob(fixture.azure, ['resolve-artifact', 'aks-deploy']);
    metadata = await startInstanceMetadata(fixture.client, [fixture.azure.identities.staging]);
    image = await smallImage('a release');
    await fixture.push(image, 'shop/storefront', '1.0.0');
  });
  after(async () => {
    await metadata.stop();
    await job.stop();
    await fixture.stop();
  });
  beforeEach(() => {
    fixture.azure.requests.clear();
  });

  const resolve = (
    connection: ServiceConnection,
    more: Parameters<AgentJob['task']>[2] = {},
    images = 'storefront=shop/storefront:1.0.0',
  ): Promise<TaskRun> =>
    job.task(
      'resolve-artifact',
      { containerRegistry: 'acr', images, releaseName: '1.0.0' },
      { connections: [connection], ...more },
    );

  const hostsAsked = (): readonly string[] => [
    ...new Set(fixture.azure.requests.entries.map(({ host }) => host)),
  ];

  function requireResolved(run: TaskRun): void {
    assert.equal(run.result, 'succeeded', logOf(run));
    assert.equal(run.outputs.get('step.digest')?.value, image.digest);
    assert.deepEqual(run.contractViolations, []);
  }

  it('with workload identity federation', async () => {
    const { staging } = fixture.azure.identities;
    requireResolved(await resolve(acrConnection(staging, signIn.federated(staging), registry)));
    assert.ok(hostsAsked().includes(hosts.devops));
  });

  it('with the secret of a service principal', async () => {
    const { staging } = fixture.azure.identities;
    requireResolved(await resolve(acrConnection(staging, signIn.secret(staging), registry)));
    assert.ok(!hostsAsked().includes(hosts.devops));
  });

  it('with the certificate of a service principal', async () => {
    const { staging } = fixture.azure.identities;
    requireResolved(await resolve(acrConnection(staging, await signIn.certificate(staging), registry)));
  });

  it("with the managed identity of the agent's machine", async () => {
    const { staging } = fixture.azure.identities;
    const environment = { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url };
    const connection = acrConnection(staging, signIn.managed(staging), registry);
    requireResolved(await resolve(connection, { environment }));
    assert.ok(metadata.requests.some(({ status }) => status === 200));
  });

  it('with a user name and password, as every other registry', async () => {
    const { staging } = fixture.azure.identities;
    requireResolved(await resolve(basicConnection(`https://${registry}/`, staging.clientId, staging.secret)));
    assert.ok(!hostsAsked().includes(hosts.login));
  });

  it('and names connection, identity, scope and the command when the role is missing', async () => {
    const { staging } = fixture.azure.identities;
    fixture.azure.access.revoke('staging', 'AcrPull', registryId(nonprod));
    try {
      const said = issueOf(await resolve(acrConnection(staging, signIn.federated(staging), registry)));
      assert.match(said, /^Unauthenticated: /);
      assert.ok(said.includes(`object id ${staging.objectId}`), said);
      assert.ok(said.includes(`the service connection in containerRegistry (${staging.connectionId})`), said);
      const scope = `--scope "$(az acr show --name ${nonprod.registry} --query id --output tsv)"`;
      assert.ok(said.includes(`--assignee-object-id ${staging.objectId}`), said);
      assert.ok(said.includes(`--role "AcrPull" ${scope}`), said);
    } finally {
      fixture.azure.access.assign('staging', 'AcrPull', registryId(nonprod));
    }
  });

  describe('and sends its tokens nowhere else', () => {
    it('not to a login server outside of Azure', async () => {
      const { staging } = fixture.azure.identities;
      const run = await resolve(acrConnection(staging, signIn.secret(staging), 'registry.contoso.example'));
      assert.match(issueOf(run), /^HostNotTrusted: .*which is not a host of Azure Container Registry/);
      assert.deepEqual(hostsAsked(), []);
    });

    it('not to another registry that the images name: that one is asked as nobody', async () => {
      const { staging } = fixture.azure.identities;
      const seen: (string | undefined)[] = [];
      await fixture.azure.addHost('registry.contoso.example', async (exchange) => {
        seen.push(exchange.header('authorization'));
        await exchange.json(401, { errors: [{ code: 'UNAUTHORIZED' }] });
      });
      const connection = acrConnection(staging, signIn.secret(staging), registry);
      const run = await resolve(connection, {}, 'storefront=registry.contoso.example/shop/storefront:1.0.0');
      assert.equal(run.result, 'failed');
      assert.ok(seen.length > 0);
      assert.ok(seen.every((header) => header === undefined));
    });

    it('not to a token service that a registry of Azure names in its challenge', async () => {
      const { staging } = fixture.azure.identities;
      let asked = 0;
      await fixture.azure.addHost('tokens.contoso.example', async (exchange) => {
        asked += 1;
        await exchange.json(200, { token: 'x' });
      });
      await fixture.azure.addHost('contosoelse.azurecr.io', async (exchange) => {
        const challenge = 'Bearer realm="https://tokens.contoso.example/token",service="x"';
        if (exchange.path.startsWith('/oauth2/')) {
          await exchange.json(200, {
            refresh_token: 'a-refresh-token',
            access_token: 'an-access-token',
          });
          return;
        }
        await exchange.json(401, {}, { 'www-authenticate': challenge });
      });
      const run = await resolve(acrConnection(staging, signIn.secret(staging), 'contosoelse.azurecr.io'));
      assert.match(
        issueOf(run),
        /^HostNotTrusted: .*tokens\.contoso\.example, which belongs to somebody else/,
      );
      assert.equal(asked, 0);
    });
  });

  describe('in a cloud of its own', () => {
    const clouds = [
      {
        environment: 'AzureUSGovernment',
        login: ['login.microsoftonline.us'],
        management: 'management.usgovcloudapi.net',
        loginServer: 'contosogov.azurecr.us',
      },
      {
        environment: 'AzureChinaCloud',
        login: ['login.chinacloudapi.cn', 'login.partner.microsoftonline.cn'],
        management: 'management.chinacloudapi.cn',
        loginServer: 'contosochina.azurecr.cn',
      },
    ] as const;
    for (const { environment, ...names } of clouds) {
      it(`${environment}: signs in, gets the kubeconfig and reads the registry there, and nowhere else`, async () => {
        const { staging: identity } = fixture.azure.identities;
        // Where the kubeconfig leads is not asked: that the cloud gave it out is what counts.
        const kubeconfig =
          'clusters: []\ncontexts: []\ncurrent-context: none-of-the-sovereign-cloud\nusers: []\n';
        const cloud = await addSovereignCloud(fixture.azure, { ...names, identity, image, kubeconfig });
        const acr = acrConnection(identity, signIn.secret(identity), names.loginServer);
        requireResolved(await resolve(acr));
        const arm = armConnection(
          identity,
          signIn.secret(identity),
          nonprod,
          { environment },
          `https://${names.management}/`,
        );
        await job.write('settings.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n');
        const inputs = {
          action: 'diff',
          manifests: 'settings.yaml',
          azureSubscription: 'arm',
          azureResourceGroup: nonprod.resourceGroup,
          kubernetesCluster: nonprod.cluster,
        };
        const run = await job.task('aks-deploy', inputs, { connections: [arm] });
        assert.match(issueOf(run), /it has no context "none-of-the-sovereign-cloud"/);
        assert.ok(cloud.shown.every(({ audience }) => audience !== 'not of this cloud'));
        const its: readonly string[] = [...names.login, names.management, names.loginServer];
        assert.deepEqual(
          hostsAsked().filter((host) => !its.includes(host)),
          [],
        );
      });
    }

    it('refuses a connection of one cloud whose URL is in another', async () => {
      const { staging } = fixture.azure.identities;
      const arm = armConnection(staging, signIn.secret(staging), nonprod, { environment: 'AzureChinaCloud' });
      await job.write('settings.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n');
      const inputs = {
        action: 'diff',
        manifests: 'settings.yaml',
        azureSubscription: 'arm',
        azureResourceGroup: nonprod.resourceGroup,
        kubernetesCluster: nonprod.cluster,
      };
      const run = await job.task('aks-deploy', inputs, { connections: [arm] });
      assert.match(issueOf(run), /^HostNotTrusted: .*management\.azure\.com.*AzureChinaCloud/);
      assert.deepEqual(hostsAsked(), []);
    });
  });
});

describe("the bundled task behind a company's proxy", function () {
  this.timeout(120_000);
  let fixture: AzureFixture;
  let job: AgentJob;

  before(async () => {
    fixture = await startAzureFixture({ proxyCredentials: credentials });
    job = await startJob(fixture.azure, ['resolve-artifact']);
  });
  after(async () => {
    await job.stop();
    await fixture.stop();
  });
  beforeEach(() => {
    fixture.azure.requests.clear();
  });

  const proxy = {
    'Agent.ProxyUsername': credentials.username,
    'Agent.ProxyPassword': credentials.password,
  };
  const resolve = (more: Parameters<AgentJob['task']>[2]): Promise<TaskRun> => {
    const { staging } = fixture.azure.identities;
    return job.task(
      'resolve-artifact',
      {
        containerRegistry: 'acr',
        images: 'storefront=shop/nothing:1.0.0',
        releaseName: '1.0.0',
        timeout: '20s',
      },
      { connections: [acrConnection(staging, signIn.federated(staging), registry)], ...more },
    );
  };

  it('gives the proxy its user name and password, of whatever characters', async () => {
    const run = await resolve({ variables: proxy });
    // All the way to the registry, which has no such image.
    assert.match(issueOf(run), /^ImageNotFound: /);
    assert.deepEqual(fixture.azure.requests.matching({ status: 407 }), []);
    assert.ok(!logOf(run).includes(credentials.password));
  });

  it('says that the proxy refuses it', async () => {
    const run = await resolve({});
    assert.match(issueOf(run), /^Unreachable: .*407/);
  });

  it('goes past the proxy where the bypass list says so', async () => {
    const list = JSON.stringify([registry.replaceAll('.', '\\.')]);
    const run = await resolve({ variables: { ...proxy, 'Agent.ProxyBypassList': list } });
    // Nothing on this machine answers to the registry's name but the proxy.
    assert.match(issueOf(run), /^Unreachable: cannot reach https:\/\//);
    assert.deepEqual(fixture.azure.requests.matching({ host: registry }), []);
  });

  it("says what to set where the proxy's authority is not trusted", async () => {
    const run = await resolve({ variables: proxy, environment: { NODE_EXTRA_CA_CERTS: undefined } });
    assert.match(issueOf(run), /^Unreachable: [^]*NODE_EXTRA_CA_CERTS/);
  });
});
