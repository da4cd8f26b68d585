import assert from 'node:assert/strict';
import { readProxy } from '../../../core/host/proxy-reader.ts';
import { FakeSdk } from '../../support/fake-sdk.ts';

function proxyOf(settings: FakeSdk['proxySettings']): ReturnType<typeof readProxy> {
  const sdk = new FakeSdk();
  sdk.proxySettings = settings;
  return readProxy(sdk);
}

describe("the agent's proxy", () => {
  it('is none when the agent has none', () => {
    assert.equal(proxyOf(undefined), undefined);
  });

  it('without credentials is its URL', () => {
    const proxy = proxyOf({ url: 'http://proxy.contoso.com:3128' });
    assert.equal(proxy?.urlWithCredentials, 'http://proxy.contoso.com:3128');
    assert.equal(proxy.username, undefined);
  });

  it('with credentials has them percent-encoded, and apart from the URL that is printed', () => {
    const proxy = proxyOf({
      url: 'http://proxy.contoso.com:3128',
      username: 'CONTOSO\\build',
      password: 'p@ss:w/rd%',
    });
    assert.equal(proxy?.url, 'http://proxy.contoso.com:3128');
    const url = new URL(proxy.urlWithCredentials);
    assert.equal(url.host, 'proxy.contoso.com:3128');
    assert.equal(decodeURIComponent(url.username), 'CONTOSO\\build');
    assert.equal(decodeURIComponent(url.password), 'p@ss:w/rd%');
  });

  it('is bypassed for what the bypass list names', () => {
    const proxy = proxyOf({ url: 'http://proxy:3128', bypass: /^https:\/\/10\./ });
    assert.equal(proxy?.bypasses('https://10.0.0.1:6443/'), true);
    assert.equal(proxy.bypasses('https://management.azure.com/'), false);
  });
});
