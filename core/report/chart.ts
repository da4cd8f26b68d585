import { formatDuration } from '../model/duration.ts';
import type { Series, Unit } from '../model/measured.ts';
import { markup, type Html } from './html.ts';

const width = 132;
const height = 30;
const inset = 3;

/** What a check measured, as a small line with its limit; the same in words for those who do not see it. */
export function chart(series: Series): Html {
  const last = series.points.at(-1);
  if (last === undefined) return markup``;
  const { limit } = series;
  const highest = Math.max(...series.points);
  const over = limit !== undefined && last > limit;
  const words = [
    `${series.name} ${format(last, series.unit)}`,
    ...(series.points.length > 1
      ? [`highest ${format(highest, series.unit)} of ${series.points.length}`]
      : []),
    ...(limit === undefined ? [] : [`limit ${format(limit, series.unit)}`]),
  ];
  const figures = markup`<span class="figure"
    ><b>${format(last, series.unit)}</b>${limit === undefined ? '' : ` of ${format(limit, series.unit)}`}</span
  >`;
  return markup`<div class="chart${over ? ' over' : ''}">
    <span class="quantity">${series.name}</span>
    ${series.points.length > 1 ? line(series, highest, words.join(', ')) : bar(last, limit, words.join(', '))} ${figures}
  </div>`;
}

function line(series: Series, highest: number, words: string): Html {
  const top = Math.max(highest, series.limit ?? 0) || 1;
  const lowest = Math.min(0, ...series.points);
  const x = (index: number): string =>
    (inset + (index * (width - 2 * inset)) / (series.points.length - 1)).toFixed(1);
  // The share first: figures at the end of what a number can be must not overflow on the way.
  const y = (value: number): string =>
    (height - inset - ((value - lowest) / (top - lowest || 1)) * (height - 2 * inset)).toFixed(1);
  const points = series.points.map((value, index) => `${x(index)},${y(value)}`).join(' ');
  const end = series.points.length - 1;
  return markup`<svg role="img" aria-label="${words}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
    ${series.limit === undefined ? '' : markup`<line class="limit" x1="0" x2="${width}" y1="${y(series.limit)}" y2="${y(series.limit)}" />`}
    <polyline class="line" points="${points}" />
    <circle class="dot" cx="${x(end)}" cy="${y(series.points[end] ?? 0)}" r="2.5" />
  </svg>`;
}

/** One measurement has no course: it is shown as its share of the limit. */
function bar(value: number, limit: number | undefined, words: string): Html {
  if (limit === undefined)
    return markup`<svg role="img" aria-label="${words}" width="0" height="${height}"></svg>`;
  const share = limit > 0 ? Math.min(1, Math.max(0, value) / limit) : value > 0 ? 1 : 0;
  return markup`<svg role="img" aria-label="${words}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
    <rect class="track" x="0" y="11" width="${width}" height="8" rx="4" />
    <rect class="fill" x="0" y="11" width="${Math.max(share * width, value > 0 ? 4 : 0).toFixed(1)}" height="8" rx="4" />
  </svg>`;
}

export function format(value: number, unit: Unit): string {
  switch (unit) {
    case 'milliseconds':
      return formatDuration(value);
    case 'ratio':
      return `${round(value * 100)}%`;
    case 'bytes':
      return formatBytes(value);
    case 'count':
    case 'number':
      return String(round(value));
  }
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
