import assert from 'node:assert/strict';
import { describeIdentity, signInError } from '../../../../core/clients/azure/sign-in-error.ts';
import { proxyFor } from '../../../../core/clients/azure/pipeline.ts';
import { findCloud } from '../../../../core/model/azure-cloud.ts';
import { DeliveryError } from '../../../../core/model/errors.ts';

const cloud = findCloud('AzureCloud');
assert(cloud !== undefined);
const identity = {
  scheme: 'servicePrincipalSecret',
  tenantId: 't',
  clientId: 'c1',
  secret: 'hunter2',
} as const;

describe('a sign-in that fails', () => {
  const cases: readonly (readonly [string, unknown, string, RegExp])[] = [
    [
      'with a wrong secret',
      new Error('AADSTS7000215: Invalid client secret provided. Trace ID: x Correlation ID: y'),
      'Unauthenticated',
      /AADSTS7000215: Invalid client secret provided\.$/,
    ],
    [
      'with an error within an error',
      new Error('outer', { cause: new Error('AADSTS700016: not found') }),
      'Unauthenticated',
      /AADSTS700016/,
    ],
    [
      'because nobody answers',
      new Error('getaddrinfo ENOTFOUND login.microsoftonline.com'),
      'Unreachable',
      /login\.microsoftonline\.com cannot be reached/,
    ],
    ['for another reason', new Error('strange'), 'Unauthenticated', /strange/],
  ];
  for (const [what, error, code, message] of cases) {
    it(`${what} says who, where and what to do`, () => {
      const told = signInError(error, 'application 1', cloud, identity);
      assert.equal(told.code, code);
      assert.match(told.message, message);
      assert.match(told.message, /application 1/);
      assert.notEqual(told.hint, undefined);
    });
  }

  it('with an error that says it all is passed on', () => {
    const error = new DeliveryError('Unauthenticated', 'no assertion');
    assert.equal(signInError(new Error('wrapped', { cause: error }), 'x', cloud, identity), error);
  });
});

describe('an identity', () => {
  it('is described without its secret', () => {
    assert.equal(describeIdentity(identity), 'application c1 (secret)');
  });
});

describe('the proxy for the Azure packages', () => {
  const proxy = {
    url: 'http://proxy.example:3128',
    username: 'u',
    password: 'p',
    bypasses: (url: string) => url.includes('internal'),
  };
  it('is host, port and credentials', () => {
    assert.deepEqual(proxyFor('https://login.microsoftonline.com', proxy), {
      host: 'http://proxy.example',
      port: 3128,
      username: 'u',
      password: 'p',
    });
  });
  it('is none for what bypasses it', () => {
    assert.equal(proxyFor('https://internal.example', proxy), undefined);
  });
});
