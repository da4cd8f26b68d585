import assert from 'node:assert/strict';
import type { ApiRequest } from '../../../../core/clients/kubernetes/connection.ts';
import { retrying } from '../../../../core/clients/kubernetes/retry.ts';
import { DeliveryError } from '../../../../core/model/errors.ts';
import { FakeConnection, type FakeAnswer } from '../../../support/fake-connection.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const get: ApiRequest = { method: 'GET', path: '/x' };
const create: ApiRequest = { method: 'POST', path: '/x' };
const away = new DeliveryError('Unreachable', 'away');

async function attempts(
  request: ApiRequest,
  ...answers: readonly (FakeAnswer | Error)[]
): Promise<{ readonly count: number; readonly waited: number; readonly end: number | string }> {
  const clock = virtualClock();
  const start = clock.now();
  const connection = new FakeConnection((_, count) => answers[count - 1] ?? answers.at(-1) ?? {});
  const end = await retrying(connection, clock, () => 1)
    .request(request)
    .then(
      ({ status }) => status,
      (error: unknown) => String(error),
    );
  return { count: connection.asked.length, waited: clock.now() - start, end };
}

describe('asking the API server again', () => {
  it('after 429, as long as Retry-After says, for every request', async () => {
    const busy = { status: 429, headers: { 'retry-after': '3' } };
    assert.deepEqual(await attempts(create, busy, { status: 201 }), { count: 2, waited: 3000, end: 201 });
  });

  it('after 503 with growing pauses', async () => {
    assert.deepEqual(await attempts(get, { status: 503 }, { status: 503 }, {}), {
      count: 3,
      waited: 600,
      end: 200,
    });
  });

  it('after a broken connection', async () => {
    assert.equal((await attempts(get, away, {})).end, 200);
  });

  it('after a webhook could not be called', async () => {
    assert.equal(
      (await attempts(get, { status: 500, body: { message: 'failed calling webhook "x"' } }, {})).count,
      2,
    );
  });

  const never: readonly (readonly [string, ApiRequest, FakeAnswer | Error])[] = [
    ['a create whose connection broke: it may have happened', create, away],
    ['a create that failed inside of the server', create, { status: 503 }],
    ['what is refused', get, { status: 403 }],
    ['a defect of the server', get, { status: 500, body: { message: 'nil pointer' } }],
  ];
  for (const [what, request, answer] of never) {
    it(`never for ${what}`, async () => {
      assert.equal((await attempts(request, answer)).count, 1);
    });
  }

  it('five times at most', async () => {
    assert.deepEqual(await attempts(get, { status: 503 }), { count: 5, waited: 3000, end: 503 });
  });

  it('a dry run of a create like a question', async () => {
    assert.equal((await attempts({ ...create, path: '/x?dryRun=All' }, away, {})).count, 2);
  });
});
