import assert from 'node:assert/strict';
import { ContainerRegistryManagementClient } from '@azure/arm-containerregistry';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ClientSecretCredential } from '@azure/identity';
import { parse } from 'yaml';
import { buildArtifact } from '../../sandbox/images/image.ts';
import { aksServerApplication, registryId, subscriptions, type IdentityName } from '../../sandbox/names.ts';
import { jsonOf } from '../support/azure-client.ts';
import { smallImage, startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';

const { nonprod, prod } = subscriptions;
const adminKubeconfig = `
apiVersion: v1
kind: Config
clusters: [{ name: any, cluster: { server: 'https://10.0.0.1:6443' } }]
users: [{ name: admin, user: { client-certificate-data: Y2VydA==, client-key-data: a2V5 } }]
`;

describe('Resource Manager of the local world', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;

  before(async () => {
    fixture = await startAzureFixture();
    const caPem = fixture.azure.authority.certificatePem;
    const cluster = { caPem, adminKubeconfig };
    fixture.azure.registerCluster('shop-staging', {
      ...cluster,
      server: 'https://10.1.0.1:6443',
      localAccounts: false,
    });
    fixture.azure.registerCluster('shop-production', {
      ...cluster,
      server: 'https://10.2.0.1:6443',
      localAccounts: true,
    });
  });
  after(() => fixture.stop());
  afterEach(() => {
    fixture.azure.faults.clear();
  });

  const credential = (name: IdentityName): ClientSecretCredential => {
    const { tenantId, clientId, secret } = fixture.azure.identities[name];
    return new ClientSecretCredential(tenantId, clientId, secret, fixture.client.sdk);
  };
  const options = () => ({ ...fixture.client.sdk, retryOptions: { maxRetries: 0 } });
  const registries = (
    name: IdentityName,
    subscription: { id: string } = prod,
  ): ContainerRegistryManagementClient =>
    new ContainerRegistryManagementClient(credential(name), subscription.id, options());
  const clusters = (name: IdentityName, subscription: { id: string } = nonprod): ContainerServiceClient =>
    new ContainerServiceClient(credential(name), subscription.id, options());
  const importImage = (source: object, rest: object = {}, name: IdentityName = 'promotion'): Promise<void> =>
    registries(name)
      .registries.importImage(
        prod.resourceGroup,
        prod.registry,
        { source: source as never, ...rest },
        { updateIntervalInMs: 20 },
      )
      .pollUntilDone()
      .then(() => undefined);

  describe('importImage by the official client', () => {
    it('moves the whole index by digest, byte for byte, and none of its referrers', async () => {
      const image = await smallImage('import me');
      await fixture.push(image, 'shop/storefront', '1.0.0');
      const signature = buildArtifact({
        artifactType: 'application/vnd.contoso.signature',
        subject: image.root,
      });
      await fixture.push(signature, 'shop/storefront');
      await importImage(
        { resourceId: registryId(nonprod), sourceImage: `shop/storefront@${image.digest}` },
        { targetTags: ['shop/storefront:1.0.0', 'shop/storefront:stable'], mode: 'NoForce' },
      );
      const { prod: target } = fixture.azure.registries;
      assert.deepEqual(
        [...(await target.tags('shop/storefront'))],
        [
          ['1.0.0', image.digest],
          ['stable', image.digest],
        ],
      );
      for (const manifest of image.manifests) {
        assert.deepEqual(await target.manifest('shop/storefront', manifest.digest), manifest.content);
      }
      assert.equal(await target.manifest('shop/storefront', signature.digest), undefined);
      await importImage(
        { resourceId: registryId(nonprod), sourceImage: `shop/storefront@${signature.digest}` },
        { untaggedTargetRepositories: ['shop/storefront'], mode: 'Force' },
      );
      assert.deepEqual(await target.manifest('shop/storefront', signature.digest), signature.root.content);
    });

    it('refuses a tag that exists, and takes it with Force', async () => {
      await fixture.push(await smallImage('first'), 'shop/catalog', '1');
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      const target = { targetTags: ['shop/catalog:1'] };
      await importImage(source, target);
      const second = await smallImage('second');
      await fixture.push(second, 'shop/catalog', '1');
      await assert.rejects(importImage(source, target), {
        statusCode: 409,
        code: 'Conflict',
        message: /Tag shop\/catalog:1 already exists in target registry/,
      });
      await importImage(source, { ...target, mode: 'Force' });
      assert.equal((await fixture.azure.registries.prod.tags('shop/catalog')).get('1'), second.digest);
    });

    it('fails as an operation when the source has no such image', async () => {
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/nothing:1' };
      await assert.rejects(importImage(source), { statusCode: 404, code: 'ManifestUnknown' });
    });

    it('names the linked scope when the caller may not read the source', async () => {
      const importer = 'Container Registry Data Importer and Data Reader';
      fixture.azure.access.assign('production', importer, registryId(prod));
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      await assert.rejects(importImage(source, {}, 'production'), {
        statusCode: 403,
        code: 'LinkedAuthorizationFailed',
        message: /permission to perform action 'read' on the linked scope\(s\) '.*contosononprod'/,
      });
      fixture.azure.access.revoke('production', importer, registryId(prod));
    });

    it('is refused by a source in ABAC mode, whose repositories the role does not open', async () => {
      const { settings } = fixture.azure.registries.nonprod;
      settings.roleAssignmentMode = 'AbacRepositoryPermissions';
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      await assert.rejects(importImage(source), { statusCode: 403, message: /pull\/read/ });
      settings.roleAssignmentMode = 'LegacyRegistryPermissions';
    });

    it('is refused to an identity without the role on the target', async () => {
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      await assert.rejects(importImage(source, {}, 'staging'), {
        statusCode: 403,
        code: 'AuthorizationFailed',
        message:
          /does not have authorization to perform action 'Microsoft.ContainerRegistry\/registries\/importImage\/action' over scope '.*contosoprod'/,
      });
    });

    it('never uses the caller itself for a source given by its login server', async () => {
      const source = { registryUri: 'contosononprod.azurecr.io', sourceImage: 'shop/catalog:1' };
      await assert.rejects(importImage(source, { mode: 'Force' }), /authentication required/);
      const { clientId, secret } = fixture.azure.identities.staging;
      await importImage(
        { ...source, credentials: { username: clientId, password: secret } },
        { mode: 'Force' },
      );
    });

    it('answers 202 with a Location and Retry-After until the work is done', async () => {
      const { azure, client } = fixture;
      azure.faults.add({ path: /importImage$/, times: 1, effect: { kind: 'operation', polls: 2 } });
      const { token } = await credential('promotion').getToken('https://management.azure.com/.default');
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      const started = await client.ask(
        `https://management.azure.com${registryId(prod)}/importImage?api-version=2025-11-01`,
        {
          method: 'POST',
          headers,
          body: JSON.stringify({ source, targetTags: ['shop/slow:1'] }),
        },
      );
      assert.deepEqual([started.status, started.headers['retry-after']], [202, '1']);
      const location = String(started.headers.location);
      assert.match(
        location,
        /^https:\/\/management\.azure\.com\/subscriptions\/[^/]+\/providers\/Microsoft\.ContainerRegistry\/locations\/WESTEUROPE\/operationResults\//,
      );
      const poll = async (): Promise<number> => (await client.ask(location, { headers })).status;
      assert.deepEqual([await poll(), await poll()], [202, 202]);
      while ((await poll()) === 202);
      assert.equal(await poll(), 200);
    });

    it('can be planned to fail', async () => {
      fixture.azure.faults.add({
        path: /importImage$/,
        times: 1,
        effect: {
          kind: 'operation',
          failure: { code: 'InvalidParameters', message: 'Error copying blobs.' },
        },
      });
      const source = { resourceId: registryId(nonprod), sourceImage: 'shop/catalog:1' };
      await assert.rejects(importImage(source, { targetTags: ['shop/fails:1'] }), {
        code: 'InvalidParameters',
      });
    });
  });

  describe('cluster credentials by the official client', () => {
    const kubeconfigOf = (result: { kubeconfigs?: { name?: string; value?: Uint8Array }[] }) => {
      const [first] = result.kubeconfigs ?? [];
      return { name: first?.name, config: parse(Buffer.from(first?.value ?? []).toString()) as Kubeconfig };
    };

    it('of a user call kubelogin for the AKS server application when the cluster signs in through Entra', async () => {
      const result = await clusters('staging').managedClusters.listClusterUserCredentials(
        nonprod.resourceGroup,
        'shop-staging',
      );
      const { name, config } = kubeconfigOf(result);
      assert.equal(name, 'clusterUser');
      assert.equal(config.clusters[0]?.cluster.server, 'https://10.1.0.1:6443');
      assert.equal(config.users[0]?.user.exec?.command, 'kubelogin');
      const args = config.users[0].user.exec.args;
      assert.equal(args[args.indexOf('--server-id') + 1], aksServerApplication);
    });

    it('of a user are a certificate when the cluster has local accounts', async () => {
      const result = await clusters('production', prod).managedClusters.listClusterUserCredentials(
        prod.resourceGroup,
        'shop-production',
      );
      const { config } = kubeconfigOf(result);
      assert.equal(config.users[0]?.user['client-certificate-data'], 'Y2VydA==');
      assert.equal(config['current-context'], 'shop-production');
    });

    it('of the administrator are refused by the role, and by a cluster without local accounts', async () => {
      const ask = () =>
        clusters('staging').managedClusters.listClusterAdminCredentials(
          nonprod.resourceGroup,
          'shop-staging',
        );
      await assert.rejects(ask(), { statusCode: 403, code: 'AuthorizationFailed' });
      const role = 'Azure Kubernetes Service Cluster Admin Role';
      const scope = `/subscriptions/${nonprod.id}/resourceGroups/${nonprod.resourceGroup}`;
      fixture.azure.access.assign('staging', role, scope);
      await assert.rejects(ask(), {
        statusCode: 400,
        message:
          /Getting static credential is not allowed because this cluster is set to disable local accounts/,
      });
      fixture.azure.access.revoke('staging', role, scope);
    });

    it('are refused to the identity of another environment', async () => {
      const ask = clusters('staging', prod).managedClusters.listClusterUserCredentials(
        prod.resourceGroup,
        'shop-production',
      );
      await assert.rejects(ask, { statusCode: 403, code: 'AuthorizationFailed' });
    });
  });

  it('describes the cluster and the registry that the caller may read, and lists no others', async () => {
    const cluster = await clusters('staging').managedClusters.get(nonprod.resourceGroup, 'shop-staging');
    assert.equal(cluster.disableLocalAccounts, true);
    assert.equal(cluster.aadProfile?.managed, true);
    const registry = await registries('promotion').registries.get(prod.resourceGroup, prod.registry);
    assert.equal(registry.loginServer, 'contosoprod.azurecr.io');
    assert.equal(registry.roleAssignmentMode, 'LegacyRegistryPermissions');
    assert.deepEqual(await names(registries('promotion', nonprod).registries.list()), ['contosononprod']);
    assert.deepEqual(await names(registries('ci', nonprod).registries.list()), []);
    assert.deepEqual(
      await names(clusters('staging').managedClusters.listByResourceGroup(nonprod.resourceGroup)),
      ['shop-staging'],
    );
  });

  it('says what is absent, in its own words, to who may look', async () => {
    const scope = `/subscriptions/${nonprod.id}`;
    fixture.azure.access.assign('staging', 'Reader', scope);
    const { managedClusters } = clusters('staging');
    await assert.rejects(managedClusters.get('shop-nonprod', 'nothing'), {
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    await assert.rejects(managedClusters.get('nothing', 'shop-staging'), {
      statusCode: 404,
      code: 'ResourceGroupNotFound',
    });
    fixture.azure.access.revoke('staging', 'Reader', scope);
  });

  describe('a token', () => {
    const url = `https://management.azure.com/subscriptions?api-version=2022-12-01`;
    const refusal = async (token?: string): Promise<unknown[]> => {
      const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
      const answer = await fixture.client.ask(url, headers === undefined ? {} : { headers });
      return [answer.status, (jsonOf(answer)['error'] as { code: string }).code];
    };

    it('is wanted, of the right audience, unexpired and of this tenant', async () => {
      assert.deepEqual(await refusal(), [401, 'AuthenticationFailed']);
      assert.deepEqual(await refusal('nonsense'), [401, 'InvalidAuthenticationToken']);
      const { token } = await credential('staging').getToken('https://containerregistry.azure.net/.default');
      assert.deepEqual(await refusal(token), [401, 'InvalidAuthenticationTokenAudience']);
      fixture.azure.settings.accessTokenSeconds = -10;
      const { clientId, secret, tenantId } = fixture.azure.identities.staging;
      const answer = await fixture.client.ask(
        `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
        {
          form: {
            grant_type: 'client_credentials',
            client_id: clientId,
            client_secret: secret,
            scope: 'https://management.azure.com/.default',
          },
        },
      );
      fixture.azure.settings.accessTokenSeconds = 3600;
      assert.deepEqual(await refusal(String(jsonOf(answer)['access_token'])), [
        401,
        'ExpiredAuthenticationToken',
      ]);
    });
  });
});

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly {
    readonly user: {
      readonly exec?: { readonly command: string; readonly args: readonly string[] };
      readonly 'client-certificate-data'?: string;
    };
  }[];
  readonly 'current-context': string;
}

async function names(list: AsyncIterable<{ name?: string }>): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const { name } of list) found.push(name);
  return found;
}
