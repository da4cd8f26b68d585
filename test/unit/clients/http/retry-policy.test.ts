import assert from 'node:assert/strict';
import { ConnectionError } from '../../../../core/clients/http/failures.ts';
import { attemptsFor, backoff, isTransient, retryAfter } from '../../../../core/clients/http/retry-policy.ts';

const url = new URL('https://contoso.azurecr.io/v2/');
const failure = (code: string): ConnectionError =>
  new ConnectionError(url, Object.assign(new Error('broken'), { code }));

describe('what is tried again', () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`is an answer of ${status}`, () => {
      assert.ok(isTransient(status));
    });
  }
  for (const status of [200, 307, 400, 401, 403, 404, 409, 413, 501]) {
    it(`is not an answer of ${status}`, () => {
      assert.ok(!isTransient(status));
    });
  }

  it('is a broken connection many times, a refused one a few, a bad certificate never', () => {
    assert.equal(attemptsFor(failure('ECONNRESET')), 8);
    assert.equal(attemptsFor(failure('ECONNREFUSED')), 3);
    assert.equal(attemptsFor(failure('ENOTFOUND')), 3);
    assert.equal(attemptsFor(failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 1);
    assert.equal(attemptsFor(failure('SELF_SIGNED_CERT_IN_CHAIN')), 1);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const cases: readonly [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ['2', 2000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2020 00:00:30 GMT', 0],
    ['soon', undefined],
  ];
  for (const [text, expected] of cases) {
    it(`"${text ?? 'absent'}" is ${expected ?? 'no wish'}`, () => {
      assert.equal(retryAfter({ headers: { 'retry-after': text } }, now), expected);
    });
  }
});

describe('the pause between attempts', () => {
  it('doubles, is spread over its upper half, and is bounded', () => {
    assert.equal(backoff(1, 0), 250);
    assert.equal(backoff(1, 1), 500);
    assert.equal(backoff(3, 1), 2000);
    assert.equal(backoff(30, 1), 20_000);
  });
});
