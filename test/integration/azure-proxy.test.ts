import assert from 'node:assert/strict';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { AzureClient } from '../support/azure-client.ts';
import { startAzureFixture, type AzureFixture } from '../support/azure-fixture.ts';

const credentials = { username: 'agent', password: 'p@ss word' };

describe('the proxy of the local world', function () {
  this.timeout(120_000);
  let fixture: AzureFixture;
  let client: AzureClient;

  before(async () => {
    fixture = await startAzureFixture({ proxyCredentials: credentials });
    const proxyUrl = new URL(fixture.azure.proxyUrl);
    proxyUrl.username = credentials.username;
    proxyUrl.password = credentials.password;
    client = new AzureClient({ proxyUrl: proxyUrl.href, authority: fixture.azure.authority });
  });
  after(async () => {
    client.close();
    await fixture.stop();
  });

  it('leads to the known hosts, each under its own certificate', async () => {
    const answer = await client.ask('https://management.azure.com/metadata/endpoints?api-version=2022-09-01');
    assert.equal(answer.status, 200);
  });

  it('wants its credentials', async () => {
    const { status, body } = await connect(fixture, 'management.azure.com:443');
    assert.equal(status, 407);
    assert.match(body, /user name and password/);
  });

  for (const target of [
    'example.com:443',
    'evilazurecr.io:443',
    'management.azure.com:80',
    '169.254.169.254:80',
  ]) {
    it(`refuses ${target}, says so, and records it`, async () => {
      const { status, body } = await connect(fixture, target, credentials);
      assert.equal(status, 403);
      assert.ok(body.includes(target), body);
      const [host = ''] = target.split(':');
      assert.equal(fixture.azure.requests.matching({ method: 'CONNECT', host, status: 403 }).length, 1);
    });
  }

  it('refuses plain HTTP', async () => {
    const { hostname, port } = new URL(fixture.azure.proxyUrl);
    const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      request({ hostname, port, path: 'http://management.azure.com/' }, (response) => {
        text(response).then((body) => {
          resolve({ status: response.statusCode, body });
        }, reject);
      })
        .once('error', reject)
        .end();
    });
    assert.equal(answer.status, 403);
    assert.match(answer.body, /management\.azure\.com over plain HTTP/);
  });

  it('leads to a host that was added', async () => {
    await fixture.azure.addHost('storefront.contoso.example', (exchange) =>
      exchange.json(200, { version: '1.0.0' }),
    );
    const answer = await client.ask('https://storefront.contoso.example/version');
    assert.equal(answer.body.toString(), '{"version":"1.0.0"}');
  });
});

function connect(
  fixture: AzureFixture,
  path: string,
  credentials?: { username: string; password: string },
): Promise<{ status: number | undefined; body: string }> {
  const { hostname, port } = new URL(fixture.azure.proxyUrl);
  const encoded = Buffer.from(`${credentials?.username ?? ''}:${credentials?.password ?? ''}`).toString(
    'base64',
  );
  const headers = credentials === undefined ? {} : { 'proxy-authorization': `Basic ${encoded}` };
  return new Promise((resolve, reject) => {
    request({ hostname, port, method: 'CONNECT', path, headers })
      .once('connect', (response, socket, head) => {
        text(socket).then((rest) => {
          resolve({ status: response.statusCode, body: head.toString() + rest });
        }, reject);
      })
      .once('error', reject)
      .end();
  });
}
