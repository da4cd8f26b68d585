/** `ratio` is 0..1 and shown in percent; `number` is a plain figure. */
export const units = ['milliseconds', 'ratio', 'count', 'bytes', 'number'] as const;

export type Unit = (typeof units)[number];

export interface MeasuredValue {
  /** "p95", "restarts", "tests failed": short and the same in every measurement of a check. */
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** What the value is held against. */
  readonly limit?: number;
}

/** One measured quantity over a check's measurements: enough for a small chart. */
export interface Series {
  readonly name: string;
  readonly unit: Unit;
  readonly limit?: number;
  /** In the order of measuring. */
  readonly points: readonly number[];
}

/** A record must stay small whatever a check measured: more points are thinned to the worst of each stretch. */
const mostPoints = 60;
const mostSeries = 6;

/** The check's quantities in the order in which they first appeared; undefined when none was measured. */
export function seriesOf(
  measurements: readonly { readonly values?: readonly MeasuredValue[] }[],
): readonly Series[] | undefined {
  const byName = new Map<string, MeasuredValue[]>();
  for (const value of measurements.flatMap((measurement) => measurement.values ?? [])) {
    if (!Number.isFinite(value.value)) continue;
    byName.set(value.name, [...(byName.get(value.name) ?? []), value]);
  }
  const all = [...byName.values()].slice(0, mostSeries).flatMap((values) => {
    const last = values.at(-1);
    if (last === undefined) return [];
    const points = thin(values.map((value) => value.value));
    return [
      {
        name: last.name,
        unit: last.unit,
        ...(last.limit === undefined ? {} : { limit: last.limit }),
        points,
      },
    ];
  });
  return all.length === 0 ? undefined : all;
}

function thin(points: readonly number[]): readonly number[] {
  if (points.length <= mostPoints) return points;
  const stretch = points.length / mostPoints;
  return Array.from({ length: mostPoints }, (_, index) =>
    Math.max(...points.slice(Math.floor(index * stretch), Math.max(Math.floor((index + 1) * stretch), 1))),
  );
}
