import assert from 'node:assert/strict';
import { prometheus } from '../../../../core/operations/gate/kinds/prometheus.ts';
import { Settings } from '../../../../core/operations/gate/settings.ts';
import type { Tools } from '../../../../core/operations/gate/tools.ts';
import { resolved } from '../../../support/sample-release.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const vector = (...values: readonly (string | number)[]): string =>
  JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: values.map((value) => ({ metric: {}, value: [1, String(value)] })),
    },
  });

async function measure(settings: object, answers: readonly string[], status = 200) {
  const clock = virtualClock();
  const asked: string[] = [];
  const tools: Tools = {
    clock,
    http: {
      send: ({ url }) => {
        asked.push(url);
        return Promise.resolve({ status, headers: {}, text: answers[asked.length - 1] ?? '' });
      },
    },
  };
  const probe = prometheus.parse(
    Settings.of({ url: 'https://metrics.contoso.com/prom/', query: 'a / b', ...settings }, 'check'),
    { release: resolved, environment: 'staging', namespace: undefined },
  );
  const look = {
    check: 'metrics',
    signal: new AbortController().signal,
    deadline: clock.now() + 60_000,
    note: () => undefined,
    output: () => undefined,
  };
  const finding = await probe.measure(tools, look);
  return { said: `${finding.outcome}: ${finding.reason}`, asked, finding };
}

describe('a check of kind prometheus', () => {
  for (const [what, settings, answers, expected] of [
    ['passes below its limit', { max: 0.01 }, [vector('0.00123456')], 'passed: 0.001235'],
    ['fails above its limit', { max: 0.01 }, [vector(0.5)], 'failed: 0.5, allowed are at most 0.01'],
    ['fails by one sample of several', { max: 1 }, [vector(0, 2, 1)], 'failed: 2, allowed are at most 1'],
    ['fails below its least', { min: 3 }, [vector(5, 2)], 'failed: 2, needed are at least 3'],
    ['says nothing without a sample', { max: 1 }, [vector()], 'inconclusive: the query found no sample'],
    [
      'says nothing when there was nothing to divide',
      { max: 1 },
      [vector('NaN')],
      'inconclusive: the query gave no number (NaN): there was nothing to measure',
    ],
    ['fails by infinity', { max: 1 }, [vector('+Inf')], 'failed: Infinity, allowed are at most 1'],
    [
      'passes near its baseline',
      { baseline: 'c', increase: '10%' },
      [vector(1.05), vector(1)],
      'passed: 1.05, baseline 1',
    ],
    [
      'fails far above its baseline',
      { baseline: 'c', increase: '10%' },
      [vector(1.2), vector(1)],
      'failed: 1.2, allowed are at most 1.1, baseline 1',
    ],
    [
      'says nothing without a baseline',
      { baseline: 'c', increase: '10%' },
      [vector(1.2), vector()],
      'inconclusive: the baseline found no sample',
    ],
    [
      'takes a scalar',
      { max: 5 },
      [JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, '4'] } })],
      'passed: 4',
    ],
  ] as const) {
    it(what, async () => {
      assert.equal((await measure(settings, answers)).said, expected);
    });
  }

  it('asks the query API below the URL, the query escaped', async () => {
    const { asked } = await measure({ max: 1 }, [vector(1)]);
    assert.deepEqual(asked, ['https://metrics.contoso.com/prom/api/v1/query?query=a+%2F+b']);
  });

  it('keeps the value and its limit for the chart', async () => {
    const { finding } = await measure({ baseline: 'c', increase: 0.5 }, [vector(1), vector(1)]);
    assert.deepEqual(finding.values, [
      { name: 'value', value: 1, unit: 'number', limit: 1.5 },
      { name: 'baseline', value: 1, unit: 'number' },
    ]);
  });

  for (const [what, text, message] of [
    ['a refusal', JSON.stringify({ status: 'error', error: 'parse error' }), /parse error/],
    ['no JSON', '<html>', /no JSON: <html>/],
    [
      'a range',
      JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } }),
      /a range must be reduced/,
    ],
  ] as const) {
    it(`could not ask when the answer is ${what}`, async () => {
      await assert.rejects(measure({ max: 1 }, [text], 400), message);
    });
  }
});
