import assert from 'node:assert/strict';
import {
  accessFromKubeconfig,
  accessFromServiceAccount,
  withEntra,
} from '../../../../core/clients/kubernetes/access.ts';
import { isDeliveryError, type ErrorCode } from '../../../../core/model/errors.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function kubeconfig(user: object, cluster: object = {}, more: object = {}): string {
  return JSON.stringify({
    'current-context': 'one',
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      { name: 'two', context: { cluster: 'other', user: 'u' } },
    ],
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://c.example:6443/',
          'certificate-authority-data': base64('PEM'),
          ...cluster,
        },
      },
      { name: 'other', cluster: { server: 'https://other.example' } },
    ],
    users: [{ name: 'u', user }],
    ...more,
  });
}

const read = (text: string, context?: string) =>
  accessFromKubeconfig(text, { name: 'the kubeconfig', context });

function refused(code: ErrorCode, text: string, message: RegExp, context?: string): void {
  assert.throws(
    () => read(text, context),
    (error) => isDeliveryError(error) && error.code === code && message.test(error.message),
  );
}

describe('a kubeconfig', () => {
  it('gives server, authority, namespace and token of its current context', async () => {
    const access = read(kubeconfig({ token: 't' }));
    assert.equal(access.server, 'https://c.example:6443');
    assert.equal(access.certificateAuthority, 'PEM');
    assert.equal(access.namespace, 'shop');
    assert(access.credential.kind === 'token');
    assert.equal(await access.credential.token(), 't');
  });

  it('gives the context that is asked for', () => {
    assert.equal(read(kubeconfig({ token: 't' }), 'two').server, 'https://other.example');
  });

  it('gives a client certificate', () => {
    const { credential } = read(
      kubeconfig({ 'client-certificate-data': base64('C'), 'client-key-data': base64('K') }),
    );
    assert.deepEqual(credential, { kind: 'clientCertificate', certificate: 'C', key: 'K' });
  });

  const server = '6dae42f8-4368-4678-94ff-3960e28e3630';
  const kubelogin: readonly (readonly [string, object])[] = [
    ['kubelogin', { exec: { command: 'kubelogin', args: ['get-token', '--server-id', server] } }],
    ['kubelogin by its path', { exec: { command: '/usr/bin/kubelogin', args: [`--server-id=${server}`] } }],
    ['kubectl kubelogin', { exec: { command: 'kubectl', args: ['kubelogin', 'get-token'] } }],
    ['the old auth provider', { 'auth-provider': { name: 'azure', config: { 'apiserver-id': server } } }],
  ];
  for (const [what, user] of kubelogin) {
    it(`that signs in by ${what} wants an Entra token, and gets a new one whenever it is asked`, async () => {
      const access = read(kubeconfig(user));
      assert.deepEqual(access.credential, { kind: 'entra', serverApplication: server });
      let count = 0;
      const scopes: string[] = [];
      const { credential } = withEntra(access, {
        token: (scope) => {
          scopes.push(scope);
          count += 1;
          return Promise.resolve({ token: `t${count}` });
        },
      });
      assert(credential.kind === 'token');
      assert.deepEqual([await credential.token(), await credential.token()], ['t1', 't2']);
      assert.deepEqual(scopes, [`${server}/.default`, `${server}/.default`]);
    });
  }

  const refusals: readonly (readonly [string, ErrorCode, string, RegExp])[] = [
    [
      'another program for its credential',
      'CredentialUnsupported',
      kubeconfig({ exec: { command: '/opt/aws' } }),
      /the program "aws", which is not run/,
    ],
    [
      'a provider that is gone',
      'CredentialUnsupported',
      kubeconfig({ 'auth-provider': { name: 'gcp' } }),
      /auth provider "gcp"/,
    ],
    [
      'a certificate in a file',
      'CredentialUnsupported',
      kubeconfig({ token: 't' }, { 'certificate-authority-data': '', 'certificate-authority': '/ca.pem' }),
      /certificate-authority/,
    ],
    [
      'a proxy of its own',
      'CredentialUnsupported',
      kubeconfig({ token: 't' }, { 'proxy-url': 'http://x' }),
      /proxy-url/,
    ],
    [
      'plain http',
      'HostNotTrusted',
      kubeconfig({ token: 't' }, { server: 'http://c.example' }),
      /not reached by https/,
    ],
    ['no credential', 'InputInvalid', kubeconfig({}), /no credential/],
    [
      'a context that is missing',
      'InputInvalid',
      kubeconfig({ token: 't' }, {}, { 'current-context': 'three' }),
      /no context "three"; it has one, two/,
    ],
    ['no kubeconfig at all', 'InputInvalid', 'hello', /not a kubeconfig/],
    [
      'no YAML, without quoting it',
      'InputInvalid',
      'token: hunter2\n\tx: [',
      /^(?!.*hunter2).*not YAML \(line \d\)/,
    ],
  ];
  for (const [what, code, text, message] of refusals) {
    it(`is refused with ${what}`, () => {
      refused(code, text, message);
    });
  }
});

describe('a service account', () => {
  it('is a server, its authority and a token', async () => {
    const access = accessFromServiceAccount({
      server: 'https://c.example/',
      token: 't',
      certificateAuthority: 'PEM',
      acceptUntrustedCertificates: false,
    });
    assert.equal(access.server, 'https://c.example');
    assert.equal(access.name, 'c.example');
    assert(access.credential.kind === 'token');
    assert.equal(await access.credential.token(), 't');
  });
});
