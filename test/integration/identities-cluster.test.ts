import assert from 'node:assert/strict';
import { clusterId, hosts, subscriptions } from '../../sandbox/names.ts';
import { issueOf, logOf } from '../support/identities/agent-job.ts';
import {
  armConnection,
  kubernetesConnection,
  signIn,
  type Authorization,
} from '../support/identities/connections.ts';
import { startIdentityWorld, type IdentityWorld } from '../support/identities/identity-world.ts';
import { startInstanceMetadata, type InstanceMetadata } from '../support/identities/instance-metadata.ts';
import { kubectl } from '../support/kubectl.ts';
import type { ServiceConnection } from '../../sandbox/agent/service-connection.ts';
import type { TaskRun } from '../../sandbox/agent/task-run.ts';

const { nonprod } = subscriptions;
const through = {
  connectionType: 'azureResourceManager',
  azureSubscription: 'arm',
  azureResourceGroup: nonprod.resourceGroup,
  kubernetesCluster: nonprod.cluster,
  namespace: 'shop',
};

describe('the bundled task signs in to a cluster', function () {
  this.timeout(60_000);
  let world: IdentityWorld;
  let metadata: InstanceMetadata;

  before(async function () {
    this.timeout(20 * 60_000);
    world = await startIdentityWorld({ nodes: 'simulated', tasks: ['aks-deploy'] });
    metadata = await startInstanceMetadata(world.client, [world.azure.identities.staging]);
    await world.job.write(
      'settings.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {greeting: hello}\n',
    );
  });
  after(async () => {
    await metadata.stop();
    await world.stop();
  });
  beforeEach(() => {
    world.azure.requests.clear();
    world.azure.faults.clear();
  });

  const diff = (
    connection: ServiceConnection,
    more: Parameters<IdentityWorld['job']['task']>[2] = {},
    inputs: Readonly<Record<string, string>> = through,
  ): Promise<TaskRun> =>
    world.job.task(
      'aks-deploy',
      { action: 'diff', manifests: 'settings.yaml', allowUnpinned: '*', ...inputs },
      { connections: [connection], ...more },
    );

  /** Every host that was asked or tried by name. By address it is the API server, which fetches Entra's keys. */
  const hostsAsked = (): ReadonlySet<string> =>
    new Set(world.azure.requests.entries.map(({ host }) => host).filter((host) => !/^[\d.]+$/.test(host)));

  const arm = (
    authorization: Authorization,
    data: Readonly<Record<string, string>> = {},
  ): ServiceConnection => armConnection(world.azure.identities.staging, authorization, nonprod, data);

  function requireDiff(run: TaskRun): void {
    assert.equal(run.result, 'succeeded', logOf(run));
    assert.match(logOf(run), /\+ ConfigMap shop\/settings/);
    assert.deepEqual(run.contractViolations, []);
  }

  describe('by Azure Resource Manager', () => {
    it('with workload identity federation', async () => {
      requireDiff(await diff(arm(signIn.federated(world.azure.identities.staging))));
      assert.deepEqual(hostsAsked(), new Set([hosts.devops, hosts.login, hosts.management]));
    });

    it('with the secret of a service principal', async () => {
      requireDiff(await diff(arm(signIn.secret(world.azure.identities.staging))));
      assert.deepEqual(hostsAsked(), new Set([hosts.login, hosts.management]));
    });

    it('with the certificate of a service principal', async () => {
      requireDiff(await diff(arm(await signIn.certificate(world.azure.identities.staging))));
      assert.deepEqual(hostsAsked(), new Set([hosts.login, hosts.management]));
    });

    for (const [name, data] of [
      ['the system-assigned managed identity', {}],
      ['a user-assigned managed identity', { msiclientId: 'c11e0000-0000-4000-8000-000000000002' }],
    ] as const) {
      it(`with ${name} of the agent's machine`, async () => {
        const before = metadata.requests.length;
        const connection = arm(signIn.managed(world.azure.identities.staging), data);
        const environment = { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url };
        requireDiff(await diff(connection, { environment }));
        const asked = metadata.requests.slice(before);
        assert.ok(asked.every(({ status }) => status === 200));
        assert.ok(
          asked.every(({ clientId }) => clientId === ('msiclientId' in data ? data.msiclientId : null)),
        );
      });
    }

    it('with a new assertion for every exchange', async () => {
      const lifetime = world.azure.settings.accessTokenSeconds;
      // So short that every request to the cluster needs a new one: what a long rollout meets, in a second.
      world.azure.settings.accessTokenSeconds = 120;
      try {
        requireDiff(await diff(arm(signIn.federated(world.azure.identities.staging))));
      } finally {
        world.azure.settings.accessTokenSeconds = lifetime;
      }
      const assertions = world.azure.requests.matching({
        host: hosts.devops,
        method: 'POST',
        path: /oidctoken/,
      });
      const exchanges = world.azure.requests.matching({ host: hosts.login, method: 'POST', path: /token$/ });
      assert.ok(exchanges.length > 3, `${exchanges.length} exchanges`);
      assert.equal(assertions.length, exchanges.length);
    });

    it('and the token for the cluster goes to the cluster alone', async () => {
      requireDiff(await diff(arm(signIn.secret(world.azure.identities.staging))));
      // Resource Manager is asked once, for the kubeconfig; the cluster is reached directly and never through the proxy.
      assert.equal(world.azure.requests.matching({ host: hosts.management }).length, 1);
      assert.ok(!hostsAsked().has(new URL(world.cluster.server).hostname));
    });
  });

  describe('by a Kubernetes connection', () => {
    const kubernetes = {
      connectionType: 'kubernetesServiceConnection',
      kubernetesServiceConnection: 'kubernetes',
      namespace: 'shop',
    };

    it('with a kubeconfig', async () => {
      const { server, adminKubeconfig } = world.cluster;
      const connection = kubernetesConnection('Kubeconfig', server, { kubeconfig: adminKubeconfig });
      requireDiff(await diff(connection, {}, kubernetes));
      assert.deepEqual(hostsAsked(), new Set());
    });

    for (const type of ['ServiceAccount', 'AzureSubscription'] as const) {
      it(`with the token of a service account (${type})`, async () => {
        const { server, caPem } = world.cluster;
        const parameters = {
          apiToken: Buffer.from(await serviceAccountToken(world, 'pipeline')).toString('base64'),
          serviceAccountCertificate: Buffer.from(caPem).toString('base64'),
        };
        requireDiff(await diff(kubernetesConnection(type, server, parameters), {}, kubernetes));
      });
    }

    it('and refuses a kubeconfig that would start a program on the agent', async () => {
      const kubeconfig = [
        'clusters: [{name: c, cluster: {server: "https://cluster.contoso.example"}}]',
        'contexts: [{name: c, context: {cluster: c, user: u}}]',
        'current-context: c',
        'users: [{name: u, user: {exec: {command: aws, args: [eks, get-token]}}}]',
      ].join('\n');
      const run = await diff(kubernetesConnection('Kubeconfig', 'https://c', { kubeconfig }), {}, kubernetes);
      assert.match(issueOf(run), /^CredentialUnsupported: .*the program "aws", which is not run/);
    });

    it('and does not trust an API server whose authority the connection does not name', async () => {
      const token = Buffer.from(await serviceAccountToken(world, 'pipeline')).toString('base64');
      const connection = kubernetesConnection('ServiceAccount', world.cluster.server, { apiToken: token });
      const run = await diff(connection, {}, kubernetes);
      assert.match(issueOf(run), /^HostNotTrusted: the certificate of .* is not trusted/);
    });
  });

  describe('and when it may not', () => {
    it('names connection, identity, scope and the command that assigns the role', async () => {
      const { objectId, connectionId } = world.azure.identities.staging;
      const role = 'Azure Kubernetes Service Cluster User Role';
      const scope = clusterId(nonprod);
      world.azure.access.revoke('staging', role, scope);
      try {
        const run = await diff(arm(signIn.federated(world.azure.identities.staging)));
        const said = issueOf(run);
        assert.match(said, /^Forbidden: /);
        assert.ok(said.includes(`object id ${objectId}`), said);
        assert.ok(said.includes(`the service connection in azureSubscription (${connectionId})`), said);
        assert.ok(
          said.includes(
            `az role assignment create --assignee-object-id ${objectId} --assignee-principal-type ServicePrincipal --role "${role}" --scope ${scope}`,
          ),
          said,
        );
      } finally {
        world.azure.access.assign('staging', role, scope);
      }
    });

    it('says which rights in the namespace are missing, whose, and what gives them', async () => {
      const run = await diff(
        arm(signIn.secret(world.azure.identities.staging)),
        {},
        { ...through, namespace: 'default' },
      );
      const said = issueOf(run);
      const { objectId } = world.azure.identities.staging;
      assert.match(
        said,
        /^Forbidden: the identity may not, in shop-staging, get, patch configmaps in default/,
      );
      assert.ok(said.includes(`object id ${objectId}`), said);
      assert.ok(
        said.includes(
          `--role "Azure Kubernetes Service RBAC Writer" --scope ${clusterId(nonprod)}/namespaces/default`,
        ),
        said,
      );
    });

    const faulty: readonly (readonly [string, (authorization: Authorization) => Authorization, RegExp])[] = [
      [
        'a wrong secret',
        ({ scheme, parameters }) => ({
          scheme,
          parameters: { ...parameters, serviceprincipalkey: 'not-the-secret-at-all' },
        }),
        /^Unauthenticated: application .*azureSubscription.*AADSTS7000215[^]*put a valid secret value/,
      ],
      [
        'a tenant that does not exist',
        ({ scheme, parameters }) => ({
          scheme,
          parameters: { ...parameters, tenantid: '00000000-0000-4000-8000-00000000dead' },
        }),
        /^Unauthenticated: application .*azureSubscription.*AADSTS90002[^]*check the tenant id/,
      ],
      [
        'an application that does not exist',
        ({ scheme, parameters }) => ({
          scheme,
          parameters: { ...parameters, serviceprincipalid: '00000000-0000-4000-8000-00000000dead' },
        }),
        /^Unauthenticated: application .*azureSubscription.*AADSTS700016/,
      ],
    ];
    for (const [name, change, message] of faulty) {
      it(`tells ${name}`, async () => {
        const run = await diff(arm(change(signIn.secret(world.azure.identities.staging))));
        assert.match(issueOf(run), message);
      });
    }

    it('tells a federated credential that names another connection', async () => {
      // The connection's id is another's, and so is the subject of its assertions.
      const { ci, staging } = world.azure.identities;
      const connection = { ...arm(signIn.federated(staging)), id: ci.connectionId };
      const run = await diff(connection);
      assert.match(
        issueOf(run),
        /^Unauthenticated: .*AADSTS700213[^]*no federated credential with this subject/,
      );
    });

    it('tells a connection that the pipeline may not use', async () => {
      const run = await world.azure.devops.startRun({ pipeline: 'shop-cd', connections: [] });
      const refused = await diff(arm(signIn.federated(world.azure.identities.staging)), { run });
      assert.match(
        issueOf(refused),
        /^Unauthenticated: Azure DevOps .* gave no identity assertion[^]*permitted to use/,
      );
    });

    it('tells a managed identity that the machine does not have', async () => {
      const connection = arm(signIn.managed(world.azure.identities.staging), {
        msiclientId: '00000000-0000-4000-8000-00000000dead',
      });
      const environment = { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url };
      const run = await diff(connection, { environment });
      assert.match(issueOf(run), /^Unauthenticated: managed identity .*az vm identity assign/s);
    });

    it('tells an administrator that local accounts are disabled', async () => {
      world.azure.access.assign('staging', 'Azure Kubernetes Service Cluster Admin Role', clusterId(nonprod));
      const run = await diff(
        arm(signIn.secret(world.azure.identities.staging)),
        {},
        { ...through, useClusterAdmin: 'true' },
      );
      world.azure.access.revoke('staging', 'Azure Kubernetes Service Cluster Admin Role', clusterId(nonprod));
      assert.match(issueOf(run), /^CredentialUnsupported: [^]*leave useClusterAdmin off/);
    });
  });

  describe('and nowhere else', () => {
    it('refuses a connection whose URL is not Resource Manager of its cloud, before it signs in', async () => {
      const { staging } = world.azure.identities;
      const connection = armConnection(
        staging,
        signIn.secret(staging),
        nonprod,
        {},
        'https://management.contoso.example/',
      );
      const run = await diff(connection);
      assert.match(
        issueOf(run),
        /^HostNotTrusted: .*management\.contoso\.example[^]*Tokens are sent nowhere else/,
      );
      assert.deepEqual(hostsAsked(), new Set());
    });
  });
});

/** A service account with what a pipeline has, and a token of it. */
async function serviceAccountToken({ cluster }: IdentityWorld, name: string): Promise<string> {
  const metadata = { name, namespace: 'shop' };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'pipeline-by-service-account', namespace: 'shop' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
  ];
  await kubectl(cluster.kubeconfigPath, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items });
  return (await kubectl(cluster.kubeconfigPath, ['create', 'token', name, '-n', 'shop'])).trim();
}
