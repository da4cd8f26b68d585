import assert from 'node:assert/strict';
import { isLoopback, requireAzureRegistry, trustedRealm } from '../../../../core/clients/registry/trust.ts';

const untrusted = { code: 'HostNotTrusted' };

describe('the place where a registry wants credentials to be sent', () => {
  const trusted: readonly [string, string][] = [
    ['https://contoso.azurecr.io/oauth2/token', 'https://contoso.azurecr.io'],
    ['https://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['https://gitlab.example.com/jwt/auth', 'https://registry.example.com'],
    ['https://auth.example.co.uk/token', 'https://registry.example.co.uk'],
    ['http://127.0.0.1:5001/token', 'http://localhost:5000'],
    ['https://10.1.2.3/token', 'https://10.1.2.3'],
  ];
  for (const [realm, registry] of trusted) {
    it(`${realm} is trusted for ${registry}`, () => {
      assert.equal(trustedRealm(realm, new URL(registry)).toString(), realm);
    });
  }

  const refused: readonly [string, string][] = [
    ['http://contoso.azurecr.io/oauth2/token', 'https://contoso.azurecr.io'],
    ['https://evil.azurecr.io/oauth2/token', 'https://contoso.azurecr.io'],
    ['https://evil.example/token', 'https://registry.example.com'],
    ['https://evil.co.uk/token', 'https://registry.example.co.uk'],
    ['https://evil.azurewebsites.net/token', 'https://mine.azurewebsites.net'],
    ['https://169.254.169.254/token', 'https://registry.example.com'],
    ['https://user:password@registry.example.com/token', 'https://registry.example.com'],
    ['http://127.0.0.1:5001/token', 'https://registry.example.com'],
    ['token', 'https://registry.example.com'],
  ];
  for (const [realm, registry] of refused) {
    it(`${realm} is refused for ${registry}`, () => {
      assert.throws(() => trustedRealm(realm, new URL(registry)), untrusted);
    });
  }
});

describe('an Azure identity', () => {
  it('is presented to a registry of its cloud', () => {
    requireAzureRegistry('contoso.azurecr.io', '.azurecr.io');
  });
  for (const host of [
    'registry.example.com',
    'contoso.azurecr.cn',
    'contoso.azurecr.io.evil.example',
    'evil.example/.azurecr.io',
    'a.b.azurecr.io',
  ]) {
    it(`is not presented to ${host}`, () => {
      assert.throws(() => {
        requireAzureRegistry(host, '.azurecr.io');
      }, untrusted);
    });
  }
});

describe('this machine', () => {
  for (const host of [
    'localhost',
    'localhost:5000',
    '127.0.0.1:5000',
    '127.1.2.3',
    '[::1]:5000',
    'registry.localhost',
  ]) {
    it(`is ${host}`, () => {
      assert.ok(isLoopback(host));
    });
  }
  for (const host of ['localhost.example', '128.0.0.1', '127.example.com', '10.0.0.1:5000']) {
    it(`is not ${host}`, () => {
      assert.ok(!isLoopback(host));
    });
  }
});
