import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  KnownContainerRegistryAudience,
} from '@azure/container-registry';
import { ClientSecretCredential } from '@azure/identity';
import { buildArtifact, mediaTypes } from '../../sandbox/images/image.ts';
import { registryId, subscriptions, type IdentityName } from '../../sandbox/names.ts';
import { jsonOf, type Answer } from '../support/azure-client.ts';
import { answerOf, fetchTrusting } from '../support/fetch-trusting.ts';
import { smallImage, startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';

const nonprod = 'contosononprod.azurecr.io';
const prod = 'contosoprod.azurecr.io';
const acceptAll = Object.values(mediaTypes).join(', ');

describe('a container registry of the local world', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;

  before(async () => {
    fixture = await startAzureFixture();
    await fixture.push(await smallImage('read me'), 'shop/read', '1.0.0');
  });
  after(() => fixture.stop());
  afterEach(() => {
    const { settings } = fixture.azure.registries.nonprod;
    Object.assign(settings, { anonymousPull: false, adminUserEnabled: false, referrersApi: true });
    settings.roleAssignmentMode = 'LegacyRegistryPermissions';
    fixture.azure.faults.clear();
    fixture.azure.requests.clear();
  });

  const credential = (name: IdentityName): ClientSecretCredential => {
    const { tenantId, clientId, secret } = fixture.azure.identities[name];
    return new ClientSecretCredential(tenantId, clientId, secret, fixture.client.sdk);
  };
  const options = () => ({
    ...fixture.client.sdk,
    audience: KnownContainerRegistryAudience.AzureResourceManagerPublicCloud,
    retryOptions: { maxRetries: 0 },
  });
  const registryClient = (host: string, name: IdentityName): ContainerRegistryClient =>
    new ContainerRegistryClient(`https://${host}`, credential(name), options());
  const contentClient = (
    host: string,
    repository: string,
    name: IdentityName,
  ): ContainerRegistryContentClient =>
    new ContainerRegistryContentClient(`https://${host}`, repository, credential(name), options());
  /** An access token for this scope by a service principal's own credentials, as a container runtime asks for it. */
  const tokenFor = async (host: string, name: IdentityName, ...scopes: string[]): Promise<Answer> => {
    const { clientId, secret } = fixture.azure.identities[name];
    const query = new URLSearchParams([['service', host], ...scopes.map((scope) => ['scope', scope])] as [
      string,
      string,
    ][]);
    const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
    return fixture.client.ask(`https://${host}/oauth2/token?${query.toString()}`, {
      headers: { authorization },
    });
  };
  const bearer = async (
    host: string,
    name: IdentityName,
    ...scopes: string[]
  ): Promise<{ authorization: string }> => {
    const answer = await tokenFor(host, name, ...scopes);
    assert.equal(answer.status, 200, answer.body.toString());
    return { authorization: `Bearer ${String(jsonOf(answer)['access_token'])}` };
  };

  describe('an image pushed by CI', () => {
    it('is read byte for byte by the official content client', async () => {
      const image = await smallImage('read me');
      const client = contentClient(nonprod, 'shop/read', 'staging');
      const { digest, manifest, content } = await client.getManifest('1.0.0');
      assert.equal(digest, image.digest);
      assert.equal((manifest as { mediaType?: string }).mediaType, mediaTypes.index);
      assert.equal(Buffer.from(content).toString(), image.root.content.toString());
      const layer = [...image.blobs.values()].find(({ mediaType }) => mediaType.includes('layer'));
      const download = await client.downloadBlob(String(layer?.digest));
      assert.equal(`sha256:${await sha256(download.content)}`, layer?.digest);
    });

    it('is listed with its tags and manifests by the official client', async () => {
      const image = await smallImage('list me');
      await fixture.push(image, 'shop/list', 'a', 'b');
      const client = registryClient(nonprod, 'ci');
      const repositories: string[] = [];
      for await (const name of client.listRepositoryNames()) repositories.push(name);
      assert.ok(repositories.includes('shop/list'));
      const artifact = client.getArtifact('shop/list', image.digest);
      const tags: string[] = [];
      for await (const tag of artifact.listTagProperties()) tags.push(tag.name);
      assert.deepEqual(tags, ['a', 'b']);
      assert.deepEqual((await artifact.getManifestProperties()).tags, ['a', 'b']);
      const digests: string[] = [];
      for await (const page of client
        .getRepository('shop/list')
        .listManifestProperties()
        .byPage({ maxPageSize: 2 })) {
        assert.ok(page.length <= 2);
        digests.push(...page.map(({ digest }) => digest));
      }
      assert.deepEqual(digests.sort(), image.manifests.map(({ digest }) => digest).sort());
    });

    it('can be uploaded and deleted by the official content client', async () => {
      fixture.azure.access.assign('ci', 'AcrDelete', registryId(subscriptions.nonprod));
      const client = contentClient(nonprod, 'shop/upload', 'ci');
      const config = await client.uploadBlob(Buffer.from('{}'));
      const layer = await client.uploadBlob(Readable.from([Buffer.alloc(5 * 1024 * 1024, 'a')]));
      const { digest } = await client.setManifest(
        {
          schemaVersion: 2,
          config: { mediaType: mediaTypes.config, digest: config.digest, size: config.sizeInBytes },
          layers: [{ mediaType: 'application/octet-stream', digest: layer.digest, size: layer.sizeInBytes }],
        },
        { tag: 'v1' },
      );
      assert.equal((await client.getManifest('v1')).digest, digest);
      await client.deleteManifest(digest);
      assert.deepEqual([...(await fixture.azure.registries.nonprod.tags('shop/upload')).keys()], []);
      fixture.azure.access.revoke('ci', 'AcrDelete', registryId(subscriptions.nonprod));
    });
  });

  describe('a caller without the right', () => {
    it('is refused a token when nothing it asks for is its own', async () => {
      const answer = await tokenFor(prod, 'ci', 'repository:shop/storefront:pull,push');
      assert.equal(answer.status, 401);
      assert.deepEqual((jsonOf(answer)['errors'] as { code: string }[])[0]?.code, 'UNAUTHORIZED');
    });

    it('is refused a push by the registry when it may only pull', async () => {
      const headers = await bearer(nonprod, 'staging', 'repository:shop/denied:pull,push');
      const answer = await fixture.client.ask(`https://${nonprod}/v2/shop/denied/blobs/uploads/`, {
        method: 'POST',
        headers,
      });
      assert.equal(answer.status, 401);
      assert.match(String(answer.headers['www-authenticate']), /error="insufficient_scope"/);
    });

    it('cannot use a token of one repository in another', async () => {
      await fixture.push(await smallImage('elsewhere'), 'shop/elsewhere', '1');
      const headers = await bearer(nonprod, 'staging', 'repository:shop/mine:pull');
      const answer = await fixture.client.ask(`https://${nonprod}/v2/shop/elsewhere/manifests/1`, {
        headers,
      });
      assert.equal(answer.status, 401);
    });

    it('cannot use the token of one registry at the other', async () => {
      const headers = await bearer(nonprod, 'ci', 'repository:shop/storefront:pull,push');
      const answer = await fixture.client.ask(`https://${prod}/v2/shop/storefront/tags/list`, { headers });
      assert.equal(answer.status, 401);
    });

    it('is told the realm, the service and the scope when it sends nothing', async () => {
      const answer = await fixture.client.ask(`https://${prod}/v2/shop/storefront/manifests/1`);
      assert.equal(answer.status, 401);
      assert.equal(
        answer.headers['www-authenticate'],
        `Bearer realm="https://${prod}/oauth2/token",service="${prod}",scope="repository:shop/storefront:pull"`,
      );
    });
  });

  it('refuses an access token and a refresh token that have expired', async () => {
    const { settings } = fixture.azure;
    Object.assign(settings, { registryAccessTokenSeconds: -1, registryRefreshTokenSeconds: -1 });
    const headers = await bearer(nonprod, 'staging', 'repository:shop/read:pull');
    const { token } = await credential('staging').getToken('https://containerregistry.azure.net/.default');
    const exchange = { grant_type: 'access_token', service: nonprod, access_token: token };
    const exchanged = await fixture.client.ask(`https://${nonprod}/oauth2/exchange`, { form: exchange });
    Object.assign(settings, { registryAccessTokenSeconds: 4500, registryRefreshTokenSeconds: 10_800 });
    const read = await fixture.client.ask(`https://${nonprod}/v2/shop/read/manifests/1.0.0`, { headers });
    assert.equal(read.status, 401);
    assert.match(String(read.headers['www-authenticate']), /scope="repository:shop\/read:pull"/);
    const refresh_token = String(jsonOf(exchanged)['refresh_token']);
    const form = {
      grant_type: 'refresh_token',
      service: nonprod,
      scope: 'repository:shop/read:pull',
      refresh_token,
    };
    assert.equal((await fixture.client.ask(`https://${nonprod}/oauth2/token`, { form })).status, 401);
  });

  describe('anonymous pull', () => {
    it('is refused a token while it is off, and given one while it is on', async () => {
      const { settings } = fixture.azure.registries.nonprod;
      const url = `https://${nonprod}/oauth2/token`;
      const form = {
        grant_type: 'password',
        service: nonprod,
        scope: 'repository:shop/read:pull',
        refresh_token: '',
      };
      assert.equal((await fixture.client.ask(url, { form })).status, 401);
      settings.anonymousPull = true;
      const anonymous = new ContainerRegistryClient(`https://${nonprod}`, options());
      const artifact = anonymous.getArtifact('shop/read', (await smallImage('read me')).digest);
      await assert.rejects(artifact.getManifestProperties(), { statusCode: 401 });
      assert.equal((await fixture.client.ask(url, { form })).status, 200);
    });

    it('can be given to one repository alone', async () => {
      await fixture.push(await smallImage('public'), 'pause', '1');
      fixture.azure.registries.nonprod.publicRepositories.add('pause');
      const ask = (name: string): Promise<Answer> =>
        fixture.client.ask(
          `https://${nonprod}/oauth2/token?service=${nonprod}&scope=repository:${name}:pull`,
        );
      assert.equal((await ask('pause')).status, 200);
      assert.equal((await ask('shop/read')).status, 401);
    });
  });

  it('takes the admin user only when that is enabled', async () => {
    const { settings, adminPassword, name } = fixture.azure.registries.nonprod;
    const authorization = `Basic ${Buffer.from(`${name}:${adminPassword}`).toString('base64')}`;
    const ask = (): Promise<Answer> =>
      fixture.client.ask(`https://${nonprod}/v2/shop/read/tags/list`, { headers: { authorization } });
    assert.equal((await ask()).status, 401);
    settings.adminUserEnabled = true;
    assert.equal((await ask()).status, 200);
  });

  it('honours repository roles alone once it is in ABAC mode', async () => {
    const { nonprod: registry } = fixture.azure.registries;
    registry.settings.roleAssignmentMode = 'AbacRepositoryPermissions';
    const scope = 'repository:shop/read:pull';
    assert.equal((await tokenFor(nonprod, 'ci', scope)).status, 401);
    fixture.azure.access.assign(
      'ci',
      'Container Registry Repository Reader',
      registryId(subscriptions.nonprod),
    );
    assert.equal((await tokenFor(nonprod, 'ci', scope)).status, 200);
    fixture.azure.access.revoke(
      'ci',
      'Container Registry Repository Reader',
      registryId(subscriptions.nonprod),
    );
  });

  describe('a blob', () => {
    it('is redirected to the data host, which refuses an Authorization header and takes a range', async () => {
      const image = await smallImage('redirect me');
      await fixture.push(image, 'shop/redirect', '1');
      const layer = [...image.blobs.values()].find(({ mediaType }) => mediaType.includes('layer'));
      const headers = await bearer(nonprod, 'staging', 'repository:shop/redirect:pull');
      const answer = await fixture.client.ask(
        `https://${nonprod}/v2/shop/redirect/blobs/${layer?.digest ?? ''}`,
        { headers },
      );
      assert.equal(answer.status, 307);
      const location = String(answer.headers.location);
      assert.equal(new URL(location).host, 'contosononprod.westeurope.data.azurecr.io');
      assert.equal((await fixture.client.ask(location, { headers })).status, 400);
      assert.equal((await fixture.client.ask(location)).body.length, layer?.size);
      const part = await fixture.client.ask(location, { headers: { range: 'bytes=5-9' } });
      assert.equal(part.status, 206);
      assert.deepEqual(part.body, layer?.content.subarray(5, 10));
      const forged = new URL(location);
      forged.searchParams.set('d', image.platforms.get('linux/amd64') ?? '');
      assert.equal((await fixture.client.ask(forged.href)).status, 403);
      fixture.azure.settings.dataLinkSeconds = -1;
      const late = await fixture.client.ask(
        `https://${nonprod}/v2/shop/redirect/blobs/${layer?.digest ?? ''}`,
        { headers },
      );
      fixture.azure.settings.dataLinkSeconds = 1200;
      assert.equal((await fixture.client.ask(String(late.headers.location))).status, 403);
    });

    it('is mounted from another repository by a token for both', async () => {
      const image = await smallImage('mount me');
      await fixture.push(image, 'shop/mount-from', '1');
      const [digest = ''] = image.blobs.keys();
      const url = `https://${nonprod}/v2/shop/mount-to/blobs/uploads/?mount=${digest}&from=shop/mount-from`;
      const both = await bearer(
        nonprod,
        'ci',
        'repository:shop/mount-to:pull,push',
        'repository:shop/mount-from:pull',
      );
      assert.equal((await fixture.client.ask(url, { method: 'POST', headers: both })).status, 201);
    });
  });

  describe('referrers', () => {
    it('are listed by subject, filtered by type, and the push says that it was understood', async () => {
      const image = await smallImage('refer to me');
      await fixture.push(image, 'shop/referrers', '1');
      const subject = image.root;
      const signature = buildArtifact({
        artifactType: 'application/vnd.contoso.signature',
        subject,
        annotations: { by: 'ci' },
      });
      const sbom = buildArtifact({ artifactType: 'application/spdx+json', subject });
      await fixture.push(signature, 'shop/referrers');
      await fixture.push(sbom, 'shop/referrers');
      const headers = await bearer(nonprod, 'ci', 'repository:shop/referrers:pull,push');
      const url = `https://${nonprod}/v2/shop/referrers/referrers/${image.digest}`;
      const all = await fixture.client.ask(url, { headers });
      assert.equal(all.headers['content-type'], mediaTypes.index);
      const listed = (answer: Answer) =>
        jsonOf(answer)['manifests'] as {
          digest: string;
          artifactType: string;
          annotations?: unknown;
          size: number;
        }[];
      assert.deepEqual(
        listed(all)
          .map(({ digest }) => digest)
          .sort(),
        [signature.digest, sbom.digest].sort(),
      );
      const one = await fixture.client.ask(`${url}?artifactType=application/vnd.contoso.signature`, {
        headers,
      });
      assert.equal(one.headers['oci-filters-applied'], 'artifactType');
      assert.deepEqual(
        listed(one).map(({ digest, annotations }) => [digest, annotations]),
        [[signature.digest, { by: 'ci' }]],
      );
      const again = await fixture.client.ask(
        `https://${nonprod}/v2/shop/referrers/manifests/${sbom.digest}`,
        {
          method: 'PUT',
          headers: { ...headers, 'content-type': mediaTypes.manifest },
          body: sbom.root.content,
        },
      );
      assert.equal(again.headers['oci-subject'], image.digest);
    });

    it('come in pages when there are many, each pointing at the next', async () => {
      const { settings } = fixture.azure.registries.nonprod;
      const headers = await bearer(nonprod, 'staging', 'repository:shop/referrers:pull');
      const { digest } = await smallImage('refer to me');
      settings.referrersPageSize = 1;
      const first = await fixture.client.ask(`https://${nonprod}/v2/shop/referrers/referrers/${digest}`, {
        headers,
      });
      const next = /^<(.*)>; rel="next"$/.exec(String(first.headers['link']))?.[1] ?? '';
      const second = await fixture.client.ask(`https://${nonprod}${next}`, { headers });
      settings.referrersPageSize = 100;
      const digests = [first, second].flatMap(
        (answer) => jsonOf(answer)['manifests'] as { digest: string }[],
      );
      assert.equal(new Set(digests.map((referrer) => referrer.digest)).size, 2);
      assert.equal(second.headers['link'], undefined);
    });

    it('are not known to a registry whose referrers API is off', async () => {
      const { settings } = fixture.azure.registries.nonprod;
      const headers = await bearer(nonprod, 'staging', 'repository:shop/referrers:pull');
      settings.referrersApi = false;
      const { digest } = await smallImage('refer to me');
      const answer = await fixture.client.ask(`https://${nonprod}/v2/shop/referrers/referrers/${digest}`, {
        headers,
      });
      assert.equal(answer.status, 404);
    });
  });

  describe('locks', () => {
    it('set by the official client keep a tag where it is, and the manifest in place', async () => {
      const first = await smallImage('locked');
      await fixture.push(first, 'shop/locked', 'stable');
      const artifact = registryClient(nonprod, 'ci').getArtifact('shop/locked', 'stable');
      const tag = await artifact.updateTagProperties('stable', { canWrite: false, canDelete: false });
      assert.deepEqual([tag.canWrite, tag.canDelete, tag.canRead], [false, false, true]);
      await assert.rejects(
        fixture.push(await smallImage('another'), 'shop/locked', 'stable'),
        /405.*REGISTRY_DISALLOWED_OPERATION/,
      );
      assert.equal((await fixture.azure.registries.nonprod.tags('shop/locked')).get('stable'), first.digest);
      fixture.azure.access.assign('ci', 'AcrDelete', registryId(subscriptions.nonprod));
      const manifest = await artifact.updateManifestProperties({ canDelete: false });
      assert.equal(manifest.canDelete, false);
      await assert.rejects(contentClient(nonprod, 'shop/locked', 'ci').deleteManifest(first.digest), {
        statusCode: 405,
      });
      fixture.azure.access.revoke('ci', 'AcrDelete', registryId(subscriptions.nonprod));
    });
  });

  it('has an equal digest tree as long as nothing is written, and another one after', async () => {
    const { nonprod: registry } = fixture.azure.registries;
    const before = await registry.digestTree();
    await contentClient(nonprod, 'shop/read', 'staging').getManifest('1.0.0');
    assert.deepEqual(await registry.digestTree(), before);
    await fixture.push(await smallImage('read me'), 'shop/read', '1.0.1');
    assert.notDeepEqual(await registry.digestTree(), before);
  });

  it('answers at its direct address with itself as the realm, and with blobs inline', async () => {
    const { address } = fixture.azure.registries.nonprod;
    const ca = fixture.azure.authority.certificatePem;
    const refused = await answerOf(ca, `https://${address}/v2/shop/read/manifests/1.0.0`);
    assert.match(
      String(refused.headers['www-authenticate']),
      new RegExp(`^Bearer realm="https://${address}/oauth2/token",service="${nonprod}"`),
    );
    const headers = await bearer(nonprod, 'staging', 'repository:shop/read:pull');
    const image = await smallImage('read me');
    const [digest = ''] = image.blobs.keys();
    const content = await fetchTrusting(ca)(`https://${address}/v2/shop/read/blobs/${digest}`, headers);
    assert.equal(content, image.blobs.get(digest)?.content.toString());
  });

  describe('planned faults', () => {
    it('throttle with Retry-After, and count', async () => {
      const fault = fixture.azure.faults.add({
        host: nonprod,
        path: /\/manifests\//,
        times: 2,
        effect: { kind: 'status', status: 429, retryAfter: 3 },
      });
      const headers = await bearer(nonprod, 'staging', 'repository:shop/read:pull');
      const ask = (): Promise<Answer> =>
        fixture.client.ask(`https://${nonprod}/v2/shop/read/manifests/1.0.0`, {
          headers: { ...headers, accept: acceptAll },
        });
      const first = await ask();
      assert.deepEqual([first.status, first.headers['retry-after']], [429, '3']);
      assert.deepEqual([(await ask()).status, (await ask()).status], [429, 200]);
      assert.equal(fault.hits, 2);
    });

    it('cut and corrupt an answer, cut an upload and reset a connection', async () => {
      const { faults } = fixture.azure;
      const headers = await bearer(nonprod, 'ci', 'repository:shop/read:pull,push');
      const manifest = `https://${nonprod}/v2/shop/read/manifests/1.0.0`;
      const ask = (): Promise<Answer> =>
        fixture.client.ask(manifest, { headers: { ...headers, accept: acceptAll } });
      faults.add({ path: /\/manifests\//, times: 1, effect: { kind: 'truncate', afterBytes: 10 } });
      await assert.rejects(ask());
      faults.add({ path: /\/manifests\//, times: 1, effect: { kind: 'corrupt', atByte: 10 } });
      assert.notDeepEqual((await ask()).body, (await ask()).body);
      faults.add({ path: /\/manifests\//, times: 1, effect: { kind: 'reset' } });
      await assert.rejects(ask());
      faults.add({ method: 'PUT', times: 1, effect: { kind: 'cutUpload', afterBytes: 1000 } });
      const upload = await fixture.client.ask(`https://${nonprod}/v2/shop/read/blobs/uploads/`, {
        method: 'POST',
        headers,
      });
      const location = new URL(String(upload.headers.location), `https://${nonprod}`);
      const body = Buffer.alloc(100_000, 'x');
      location.searchParams.set('digest', `sha256:${createHash('sha256').update(body).digest('hex')}`);
      const put = (): Promise<Answer> => fixture.client.ask(location.href, { method: 'PUT', headers, body });
      await assert.rejects(put());
    });
  });

  it('logs who asked for what, and no secret', async () => {
    await contentClient(nonprod, 'shop/read', 'staging').getManifest('1.0.0');
    const { requests, identities } = fixture.azure;
    assert.equal(
      requests.matching({
        host: nonprod,
        path: '/v2/shop/read/manifests/1.0.0',
        status: 200,
        identity: 'staging',
      }).length,
      1,
    );
    assert.equal(
      requests.matching({ host: nonprod, path: '/oauth2/exchange', identity: 'staging' }).length,
      1,
    );
    const log = JSON.stringify(requests.entries);
    assert.ok(!log.includes(identities.staging.secret));
    assert.ok(!log.includes('eyJ'));
  });
});

async function sha256(stream: NodeJS.ReadableStream): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
