import type { Finding } from '../../../model/check.ts';
import { messageOf } from '../../../model/errors.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { MeasuredValue } from '../../../model/measured.ts';
import type { Clock } from '../../../model/ports.ts';
import type { Settings } from '../settings.ts';

/** A burst of requests at a steady rate. */
export interface Load {
  readonly requests: number;
  /** Per second. */
  readonly rate: number;
  /** Share of wrong or missing answers that is tolerated, 0..1. */
  readonly errors: number;
  readonly limits: readonly { readonly name: Percentile; readonly milliseconds: number }[];
}

const percentiles = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
type Percentile = keyof typeof percentiles;

export interface Sample {
  /** From when the request was due until its answer was read: waiting for a slot is waiting too. */
  readonly milliseconds: number;
  /** Why it does not count as a good answer. */
  readonly wrong?: string;
  readonly answered: boolean;
}

/** Requests under way at once: beyond it the subject is slower than the rate, which the times then show. */
const mostAtOnce = 64;

export const loadSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['requests'],
  description: 'Many requests at a steady rate; the share of errors and the percentiles of the times decide.',
  properties: {
    requests: { type: 'integer', minimum: 1, maximum: 100000 },
    rate: { type: 'number', exclusiveMinimum: 0, maximum: 1000, description: 'Per second. Otherwise 10.' },
    errors: {
      $ref: '#/$defs/share',
      description: 'Tolerated share of wrong or missing answers. Otherwise 0%.',
    },
    p50: { $ref: '#/$defs/duration' },
    p95: { $ref: '#/$defs/duration' },
    p99: { $ref: '#/$defs/duration' },
  },
};

export function parseLoad(settings: Settings | undefined): Load | undefined {
  if (settings === undefined) return undefined;
  const requests = settings.optionalInteger('requests', { min: 1, max: 100_000 });
  if (requests === undefined) return settings.missing('requests', 'Write how many requests to send.');
  return {
    requests,
    rate: settings.optionalNumber('rate', { min: 0.01, max: 1_000 }) ?? 10,
    errors: settings.optionalShare('errors') ?? 0,
    limits: (Object.keys(percentiles) as Percentile[]).flatMap((name) => {
      const milliseconds = settings.optionalDuration(name, { min: 1 });
      return milliseconds === undefined ? [] : [{ name, milliseconds }];
    }),
  };
}

/** @param ask asks once; says what is wrong with the answer, or throws when there was none */
export async function runLoad(
  load: Load,
  clock: Clock,
  signal: AbortSignal,
  ask: () => Promise<string | undefined>,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const underWay = new Set<Promise<void>>();
  const began = clock.now();
  const send = async (due: number): Promise<void> => {
    try {
      const wrong = await ask();
      const milliseconds = clock.now() - due;
      samples.push({ milliseconds, answered: true, ...(wrong === undefined ? {} : { wrong }) });
    } catch (error) {
      if (signal.aborted) return;
      samples.push({ milliseconds: clock.now() - due, answered: false, wrong: messageOf(error) });
    }
  };
  for (let index = 0; index < load.requests; index += 1) {
    const due = began + (index * 1_000) / load.rate;
    const early = due - clock.now();
    if (early > 0) await clock.sleep(early, signal);
    while (underWay.size >= mostAtOnce) await Promise.race(underWay);
    signal.throwIfAborted();
    const one: Promise<void> = send(due).finally(() => underWay.delete(one));
    underWay.add(one);
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  return samples;
}

export function assessLoad(load: Load, samples: readonly Sample[]): Finding {
  const firstWrong = samples.find((sample) => sample.wrong !== undefined)?.wrong;
  if (samples.length === 0) return { outcome: 'inconclusive', reason: 'no request was sent' };
  if (samples.every((sample) => !sample.answered)) {
    return {
      outcome: 'error',
      reason: `none of ${samples.length} requests was answered: ${firstWrong ?? ''}`,
    };
  }
  const times = samples
    .filter((sample) => sample.answered)
    .map((sample) => sample.milliseconds)
    .sort((one, other) => one - other);
  const share = samples.filter((sample) => sample.wrong !== undefined).length / samples.length;
  const values: MeasuredValue[] = (Object.keys(percentiles) as Percentile[]).map((name) => {
    const limit = load.limits.find((candidate) => candidate.name === name)?.milliseconds;
    const value = percentile(times, percentiles[name]);
    return { name, value, unit: 'milliseconds', ...(limit === undefined ? {} : { limit }) };
  });
  const errors: MeasuredValue = { name: 'errors', value: share, unit: 'ratio', limit: load.errors };
  const broken = [
    ...(share > load.errors
      ? [`${percent(share)} errors, tolerated are ${percent(load.errors)} (${firstWrong ?? ''})`]
      : []),
    ...values
      .filter((value) => value.limit !== undefined && value.value > value.limit)
      .map((value) => `${value.name} ${Math.round(value.value)} ms, allowed are ${value.limit ?? 0} ms`),
  ];
  const figures = values.map((value) => `${value.name} ${Math.round(value.value)} ms`).join(', ');
  return {
    outcome: broken.length === 0 ? 'passed' : 'failed',
    reason:
      broken.length === 0
        ? `${samples.length} requests, ${percent(share)} errors, ${figures}`
        : `${broken.join('; ')}, of ${samples.length} requests`,
    values: [...values, errors],
  };
}

/** Nearest rank, of sorted figures. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
