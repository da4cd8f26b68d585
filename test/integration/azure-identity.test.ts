import assert from 'node:assert/strict';
import {
  AuthenticationRequiredError,
  AzurePipelinesCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
} from '@azure/identity';
import { createRemoteJWKSet, customFetch, decodeJwt, jwtVerify } from 'jose';
import { aksServerApplication, tenant } from '../../sandbox/names.ts';
import { jsonOf } from '../support/azure-client.ts';
import { fetchTrusting } from '../support/fetch-trusting.ts';
import { startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';

const arm = 'https://management.azure.com/.default';

describe('Entra of the local world', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;

  before(async () => {
    fixture = await startAzureFixture();
  });
  after(() => fixture.stop());

  const secretCredential = (secret?: string): ClientSecretCredential => {
    const { clientId, tenantId, secret: real } = fixture.azure.identities.promotion;
    return new ClientSecretCredential(tenantId, clientId, secret ?? real, fixture.client.sdk);
  };

  describe('a client secret, by the official credential', () => {
    it('gives a token with the claims of a version 1 application token', async () => {
      const { promotion } = fixture.azure.identities;
      const { token } = await secretCredential().getToken(arm);
      const claims = decodeJwt(token);
      assert.equal(claims.aud, 'https://management.azure.com');
      assert.equal(claims.iss, `https://sts.windows.net/${tenant.id}/`);
      assert.equal(claims['oid'], promotion.objectId);
      assert.equal(claims['appid'], promotion.clientId);
      assert.equal(claims['tid'], tenant.id);
      assert.equal(claims['idtyp'], 'app');
    });

    it('gives a token for the AKS server application under its id', async () => {
      const { token } = await secretCredential().getToken(`${aksServerApplication}/.default`);
      assert.equal(decodeJwt(token).aud, aksServerApplication);
    });

    it('is refused with AADSTS7000215 when it is wrong', async () => {
      await refusedWith(7000215, secretCredential('not the secret').getToken(arm));
    });

    it('is refused with AADSTS700016 for an application that does not exist', async () => {
      const unknown = '00000000-1111-4000-8000-000000000000';
      const credential = new ClientSecretCredential(tenant.id, unknown, 'x', fixture.client.sdk);
      await refusedWith(700016, credential.getToken(arm));
    });

    it('is refused with AADSTS500011 for a resource that does not exist', async () => {
      await refusedWith(500011, secretCredential().getToken('https://nothing.contoso.example/.default'));
    });

    it('gives what version 1 of the endpoint gives: numbers as text, and the resource', async () => {
      const { clientId, secret } = fixture.azure.identities.ci;
      const answer = await fixture.client.ask(`https://login.microsoftonline.com/${tenant.id}/oauth2/token`, {
        form: {
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: secret,
          resource: 'https://management.azure.com/',
        },
      });
      const body = jsonOf(answer);
      assert.equal(typeof body['expires_on'], 'string');
      assert.equal(body['resource'], 'https://management.azure.com/');
      assert.equal(decodeJwt(String(body['access_token'])).aud, 'https://management.azure.com/');
    });
  });

  it('takes a registered certificate, by the official credential', async () => {
    const { clientId, tenantId, certificate } = fixture.azure.identities.promotion;
    const options = fixture.client.sdk;
    const credential = new ClientCertificateCredential(
      tenantId,
      clientId,
      { certificate: await certificate() },
      options,
    );
    assert.equal(decodeJwt((await credential.getToken(arm)).token)['appid'], clientId);
    const other = await fixture.azure.identities.ci.certificate();
    const wrong = new ClientCertificateCredential(tenantId, clientId, { certificate: other }, options);
    await refusedWith(700027, wrong.getToken(arm));
  });

  describe('workload identity federation', () => {
    const pipelinesCredential = async (
      as: 'promotion' | 'production',
      connection: 'promotion' | 'production' = as,
    ): Promise<AzurePipelinesCredential> => {
      const run = await fixture.azure.devops.startRun({ pipeline: 'shop-cd' });
      process.env['SYSTEM_OIDCREQUESTURI'] = run.oidcRequestUri;
      const { clientId, tenantId } = fixture.azure.identities[as];
      const { connectionId } = fixture.azure.identities[connection];
      return new AzurePipelinesCredential(
        tenantId,
        clientId,
        connectionId,
        run.accessToken,
        fixture.client.sdk,
      );
    };
    after(() => {
      delete process.env['SYSTEM_OIDCREQUESTURI'];
    });

    it('signs a running job in by the official credential', async () => {
      const credential = await pipelinesCredential('promotion');
      const { token } = await credential.getToken(arm);
      assert.equal(decodeJwt(token)['oid'], fixture.azure.identities.promotion.objectId);
    });

    it('is refused with AADSTS700213 for the token of another service connection', async () => {
      const credential = await pipelinesCredential('production', 'promotion');
      await refusedWith(700213, credential.getToken(arm));
    });

    it('gives no token to a job that is over', async () => {
      const run = await fixture.azure.devops.startRun({ pipeline: 'shop-cd' });
      run.complete('succeeded');
      const answer = await requestOidcToken(fixture, run);
      assert.equal(answer.status, 403);
      assert.equal(jsonOf(answer)['typeKey'], 'TaskOrchestrationPlanSecurityException');
    });

    it('gives no token for a connection that the pipeline may not use', async () => {
      const run = await fixture.azure.devops.startRun({ pipeline: 'shop-ci', connections: ['shop-ci'] });
      assert.equal((await requestOidcToken(fixture, run)).status, 404);
    });

    it('is refused with AADSTS700024 once the assertion has expired', async () => {
      const { azure } = fixture;
      const run = await azure.devops.startRun({ pipeline: 'shop-cd' });
      azure.settings.oidcTokenSeconds = -10;
      const { oidcToken } = jsonOf(await requestOidcToken(fixture, run));
      azure.settings.oidcTokenSeconds = 600;
      await refusedWith(700024, byAssertion(fixture, String(oidcToken)));
    });

    it('is refused with AADSTS700211 for a token of an issuer that is not trusted', async () => {
      const { token } = await secretCredential().getToken(arm);
      await refusedWith(700211, byAssertion(fixture, token));
    });
  });

  it('publishes the keys that its tokens verify with, also where API servers reach it', async () => {
    const { azure } = fixture;
    const discovery = azure.entraIssuer.discoveryUrl('127.0.0.1');
    const get = fetchTrusting(azure.authority.certificatePem);
    const document = JSON.parse(await get(discovery)) as { issuer: string; jwks_uri: string };
    assert.equal(document.issuer, azure.entraIssuer.issuer);
    assert.equal(new URL(document.jwks_uri).host, new URL(discovery).host);
    const keys = createRemoteJWKSet(new URL(document.jwks_uri), {
      [customFetch]: async (url: string) => new Response(await get(url)),
    });
    const { token } = await secretCredential().getToken(`${aksServerApplication}/.default`);
    const { payload } = await jwtVerify(token, keys, {
      issuer: document.issuer,
      audience: aksServerApplication,
    });
    assert.equal(payload.sub, azure.identities.promotion.objectId);
  });
});

function byAssertion(fixture: AzureFixture, assertion: string): Promise<unknown> {
  const { clientId, tenantId } = fixture.azure.identities.promotion;
  const give = (): Promise<string> => Promise.resolve(assertion);
  return new ClientAssertionCredential(tenantId, clientId, give, fixture.client.sdk).getToken(arm);
}

function requestOidcToken(
  { azure, client }: AzureFixture,
  run: { readonly oidcRequestUri: string; readonly accessToken: string },
): ReturnType<AzureFixture['client']['ask']> {
  const url = `${run.oidcRequestUri}?api-version=7.1&serviceConnectionId=${azure.identities.promotion.connectionId}`;
  return client.ask(url, { method: 'POST', headers: { authorization: `Bearer ${run.accessToken}` } });
}

async function refusedWith(code: number, signIn: Promise<unknown>): Promise<void> {
  await assert.rejects(signIn, (error) => {
    assert.ok(error instanceof AuthenticationRequiredError, String(error));
    assert.match(error.message, new RegExp(`AADSTS${code}:`));
    return true;
  });
}
