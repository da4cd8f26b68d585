import assert from 'node:assert/strict';
import { DeliveryError, isDeliveryError } from '../../../../core/model/errors.ts';
import type { Log } from '../../../../core/model/ports.ts';
import { parseChecks } from '../../../../core/operations/gate/checks.ts';
import { judge } from '../../../../core/operations/gate/gate.ts';
import { kinds } from '../../../../core/operations/gate/kinds.ts';
import type { HttpAnswer, HttpDoor, Tools } from '../../../../core/operations/gate/tools.ts';
import { digestFor, resolved } from '../../../support/sample-release.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const subject = { release: resolved, environment: 'staging', namespace: 'shop' };

class Lines implements Log {
  readonly lines: string[] = [];
  phase(title: string) {
    this.lines.push(`== ${title}`);
  }
  line(text: string) {
    this.lines.push(text);
  }
  warning(text: string) {
    this.lines.push(`warning: ${text}`);
  }
  debug(_text: string) {
    // not shown
  }
}

function answer(status: number, text = 'ok'): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, text };
}

/** Answers one after the other; the last one for ever. A function may throw. */
function answering(...answers: readonly (HttpAnswer | (() => never))[]): HttpDoor & { asked: number } {
  const door = {
    asked: 0,
    send: () => {
      const next = answers[Math.min(door.asked, answers.length - 1)];
      door.asked += 1;
      if (next === undefined) throw new Error('no answer is left');
      return Promise.resolve(typeof next === 'function' ? next() : next);
    },
  };
  return door;
}

const unreachable = (): never => {
  throw new DeliveryError('Unreachable', 'cannot reach https://shop.contoso.com');
};

const page = { name: 'page', kind: 'http', url: 'https://shop.contoso.com/' };

async function gate(
  document: unknown,
  http: HttpDoor,
  signal = new AbortController().signal,
  clock = virtualClock(),
) {
  const log = new Lines();
  const tools: Tools = { clock, http };
  const plan = parseChecks(document, 'checks.yml', kinds, subject);
  const outcome = await judge({ gate: 'acceptance', subject, plan }, tools, log, signal);
  return { ...outcome, log: log.lines };
}

describe('a gate', () => {
  it('passes and says what it measured about which digests', async () => {
    const { verdict, failedChecks } = await gate({ checks: [{ ...page, count: 3 }] }, answering(answer(200)));
    assert.equal(verdict.verdict, 'passed');
    assert.deepEqual(failedChecks, []);
    assert.deepEqual(verdict.images[0], { image: 'storefront', digest: digestFor('storefront') });
    assert.equal(verdict.checks[0]?.measurements, 3);
    assert.equal(verdict.checks[0].series?.[0]?.points.length, 3);
    // Two intervals of ten seconds between three measurements.
    assert.equal(Date.parse(verdict.finishedAt) - Date.parse(verdict.startedAt), 20_000);
  });

  it('shows the plan before it asks', async () => {
    const { log } = await gate(
      {
        checks: [
          { ...page, count: 2, required: false, initialDelay: '5s' },
          { ...page, name: 'b' },
        ],
      },
      answering(answer(200)),
    );
    const plan = log.indexOf('== Plan');
    const measure = log.indexOf('== Measure');
    assert.ok(plan === 0 && measure > 0);
    assert.ok(
      log.includes(
        '  page (http, advisory): GET https://shop.contoso.com/, after 5s, 2 times, 10s apart, within 10m',
      ),
    );
  });

  it('fails with the reason of the answer and asks no more', async () => {
    const http = answering(answer(200), answer(503, 'no stock'));
    const { verdict, failedChecks } = await gate({ checks: [{ ...page, count: 5 }] }, http);
    assert.equal(verdict.verdict, 'failed');
    assert.equal(verdict.reason, 'page: 1 of 2 measurements failed: status 503, expected 2xx: no stock');
    assert.deepEqual(failedChecks, ['page']);
    assert.equal(http.asked, 2);
  });

  it('is inconclusive when nobody answers', async () => {
    const http = answering(unreachable);
    const { verdict } = await gate({ checks: [page] }, http);
    assert.equal(verdict.verdict, 'inconclusive');
    assert.equal(
      verdict.reason,
      'page: could not ask 5 times in a row: cannot reach https://shop.contoso.com',
    );
    assert.equal(verdict.checks[0]?.measurements, 5);
  });

  it('is inconclusive when a defect of ours keeps it from asking', async () => {
    const http = answering(() => {
      throw new TypeError('x is not a function');
    });
    assert.equal(
      (await gate({ checks: [{ ...page, errorLimit: 0 }] }, http)).verdict.verdict,
      'inconclusive',
    );
  });

  it('measures side by side', async () => {
    const checks = ['a', 'b', 'c'].map((name) => ({ ...page, name, count: 4 }));
    const { verdict } = await gate({ checks }, answering(answer(200)));
    assert.equal(Date.parse(verdict.finishedAt) - Date.parse(verdict.startedAt), 30_000);
  });

  it('shows the whole table every half minute, and of many measurements only the changes', async () => {
    const checks = [
      { ...page, name: 'long', count: 100, failureLimit: 5, interval: '1s' },
      { ...page, name: 'later', initialDelay: '50s' },
    ];
    const { log } = await gate({ checks }, answering(answer(200), answer(200), answer(500), answer(200)));
    assert.equal(log.filter((line) => /^long \d+\/100 /.test(line)).length, 3);
    assert.ok(log.includes('  waiting      later'), log.join('\n'));
    assert.ok(log.some((line) => /^ {2}measuring {4}long {3}\d+\/100 status 200 in \d+ ms$/.test(line)));
    assert.ok(log.some((line) => /^ {2}passed {7}later {9}status 200 in \d+ ms$/.test(line)));
  });

  it('ends a check at its deadline and not later', async () => {
    const slow: HttpDoor = {
      send: (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    };
    const { verdict } = await gate({ checks: [{ ...page, timeout: '10m', deadline: '30s' }] }, slow);
    assert.equal(verdict.verdict, 'inconclusive');
    assert.equal(verdict.reason, 'page: the deadline passed after 30s: nothing was measured');
    assert.equal(Date.parse(verdict.finishedAt) - Date.parse(verdict.startedAt), 30_000);
  });

  it('is inconclusive when it is cancelled, and says how far it came', async () => {
    const cancellation = new AbortController();
    const http = answering(answer(200));
    const counting: HttpDoor = {
      send: (request, signal) => {
        if (http.asked === 1)
          setImmediate(() => {
            cancellation.abort(new Error('cancelled'));
          });
        return http.send(request, signal);
      },
    };
    const { verdict } = await gate({ checks: [{ ...page, count: 9 }] }, counting, cancellation.signal);
    assert.equal(verdict.verdict, 'inconclusive');
    assert.match(verdict.reason, /^page: cancelled after \d of 9 measurements$/);
  });

  it('refuses a check whose door it has not, before anything is asked', async () => {
    const http = answering(answer(200));
    const inCluster = { name: 'b', kind: 'http', service: { name: 'storefront', port: 80 } };
    await assert.rejects(
      gate({ checks: [page, inCluster] }, http),
      (error) =>
        isDeliveryError(error) &&
        error.code === 'ChecksInvalid' &&
        error.message.includes('"b" needs the cluster'),
    );
    assert.equal(http.asked, 0);
  });

  it('decides a load by its percentiles and errors', async () => {
    const clock = virtualClock();
    let sent = 0;
    const http: HttpDoor = {
      send: async () => {
        sent += 1;
        const nth = sent;
        await clock.sleep(nth % 10 === 0 ? 900 : 20);
        return answer(nth === 7 ? 500 : 200);
      },
    };
    const check = { ...page, load: { requests: 100, rate: 100, errors: '2%', p50: '50ms', p95: '500ms' } };
    const { verdict } = await gate({ checks: [check] }, http, undefined, clock);
    assert.equal(verdict.verdict, 'failed');
    assert.equal(verdict.reason, 'page: p95 900 ms, allowed are 500 ms, of 100 requests');
    const errors = verdict.checks[0]?.series?.find((series) => series.name === 'errors');
    assert.deepEqual(errors, { name: 'errors', unit: 'ratio', limit: 0.02, points: [0.01] });
  });
});
