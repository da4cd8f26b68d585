import type { Finding } from '../../../model/check.ts';
import { isObject } from '../../../model/json.ts';
import type { MeasuredValue } from '../../../model/measured.ts';
import { objectsAt, fieldAt, textAt } from '../../../model/kubernetes-object.ts';
import { excerpt } from '../excerpt.ts';
import type { CheckKind } from '../kind.ts';
import { invalid, type Settings } from '../settings.ts';
import type { HttpAnswer } from '../tools.ts';
import { address, asker, parseHeaders, parseTarget, targetSchema } from './target.ts';

interface Limits {
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** How much more than the baseline is tolerated: 0.1 is a tenth. */
  readonly increase: number | undefined;
}

/** Asks Prometheus, or what speaks its HTTP API (Azure Monitor managed Prometheus, Thanos, Mimir), and holds the samples to limits. */
export const prometheus: CheckKind = {
  kind: 'prometheus',
  schema: {
    description:
      'Queries the Prometheus HTTP API. Every sample must keep the limits; no sample says nothing.',
    required: ['query'],
    exactlyOne: [['url', 'service']],
    properties: {
      ...targetSchema,
      headers: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
      query: { type: 'string', description: 'PromQL, evaluated now.' },
      min: { type: 'number' },
      max: { type: 'number' },
      baseline: {
        type: 'string',
        description:
          'PromQL of one sample to compare with: the previous release, the stable track, an hour ago.',
      },
      increase: { $ref: '#/$defs/share', description: 'How far the value may be above the baseline.' },
      timeout: { $ref: '#/$defs/duration', description: 'For one answer. Otherwise 10s.' },
    },
  },

  parse(settings, subject) {
    const target = parseTarget(settings, subject);
    const headers = parseHeaders(settings, target);
    const query = settings.text('query', 'Write the PromQL to evaluate.');
    const limits: Limits = {
      min: settings.optionalNumber('min'),
      max: settings.optionalNumber('max'),
      increase: settings.optionalShare('increase'),
    };
    const baseline = parseBaseline(settings, limits);
    const timeout = settings.duration('timeout', { min: 100, max: 600_000, otherwise: 10_000 });
    const base = target.at === 'url' ? target.url.href.replace(/\/$/, '') : target.path.replace(/\/$/, '');
    return {
      title: `query ${address(target)}: ${excerpt(query, 60)}`,
      needs: target.at === 'service' ? ['cluster'] : [],
      measure: async (tools, look) => {
        const evaluate = async (expression: string): Promise<readonly number[]> => {
          const parameters = new URLSearchParams({ query: expression });
          const request = { method: 'GET', url: `${base}/api/v1/query?${parameters.toString()}`, headers };
          return readSamples(await asker(target, request, timeout, tools, look)());
        };
        const samples = await evaluate(query);
        if (baseline === undefined) return assessSamples(samples, limits, undefined);
        const [compared, ...others] = await evaluate(baseline);
        if (compared === undefined)
          return { outcome: 'inconclusive', reason: 'the baseline found no sample' };
        if (others.length > 0) {
          return {
            outcome: 'inconclusive',
            reason: `the baseline found ${others.length + 1} samples, not one`,
          };
        }
        return assessSamples(samples, limits, compared);
      },
    };
  },
};

function parseBaseline(settings: Settings, limits: Limits): string | undefined {
  const baseline = settings.optionalText('baseline');
  if ((baseline === undefined) !== (limits.increase === undefined)) {
    throw invalid(
      `${settings.path} has ${baseline === undefined ? 'increase without baseline' : 'baseline without increase'}`,
      'Write both: what to compare with, and how far above it the value may be.',
    );
  }
  if (baseline === undefined && limits.min === undefined && limits.max === undefined) {
    throw invalid(`${settings.path} has no limit`, 'Write min, max, or baseline and increase.');
  }
  return baseline;
}

/** @throws Error for what is no answer of the API, in words of the server */
export function readSamples(answer: HttpAnswer): readonly number[] {
  let document: unknown;
  try {
    document = JSON.parse(answer.text);
  } catch {
    throw new Error(`status ${answer.status} and no JSON: ${excerpt(answer.text)}`);
  }
  if (!isObject(document) || document['status'] !== 'success') {
    throw new Error(`status ${answer.status}: ${textAt(document, 'error') ?? 'not an answer of Prometheus'}`);
  }
  switch (textAt(document, 'data', 'resultType')) {
    case 'scalar':
      return [numberOf(fieldAt(document, 'data', 'result', 1))];
    case 'vector':
      return objectsAt(document, 'data', 'result').map((sample) => numberOf(fieldAt(sample, 'value', 1)));
    default:
      throw new Error(
        'the query gives neither a scalar nor an instant vector: a range must be reduced first',
      );
  }
}

/** Not-a-number is what a ratio of nothing by nothing gives: nothing was measured. */
export function assessSamples(
  samples: readonly number[],
  limits: Limits,
  baseline: number | undefined,
): Finding {
  if (samples.length === 0) return { outcome: 'inconclusive', reason: 'the query found no sample' };
  if (samples.some(Number.isNaN) || (baseline !== undefined && !Number.isFinite(baseline))) {
    return {
      outcome: 'inconclusive',
      reason: 'the query gave no number (NaN): there was nothing to measure',
    };
  }
  const [lowest, highest] = [Math.min(...samples), Math.max(...samples)];
  const most =
    baseline === undefined || limits.increase === undefined
      ? limits.max
      : Math.min(limits.max ?? Infinity, baseline + Math.abs(baseline) * limits.increase);
  const values: MeasuredValue[] = [
    { name: 'value', value: highest, unit: 'number', ...(most === undefined ? {} : { limit: most }) },
    ...(baseline === undefined ? [] : [{ name: 'baseline', value: baseline, unit: 'number' as const }]),
  ];
  const compared = baseline === undefined ? '' : `, baseline ${shown(baseline)}`;
  if (most !== undefined && highest > most) {
    return {
      outcome: 'failed',
      reason: `${shown(highest)}, allowed are at most ${shown(most)}${compared}`,
      values,
    };
  }
  if (limits.min !== undefined && lowest < limits.min) {
    return {
      outcome: 'failed',
      reason: `${shown(lowest)}, needed are at least ${shown(limits.min)}`,
      values,
    };
  }
  const count = samples.length === 1 ? '' : `, highest of ${samples.length} samples`;
  return { outcome: 'passed', reason: `${shown(highest)}${count}${compared}`, values };
}

/** Prometheus writes samples as text, with infinities of its own spelling. */
function numberOf(value: unknown): number {
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  return Number(value);
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
