import type { Exchange } from './exchange.ts';

/** `n`, `last` and `orderby`; what follows is named in the Link header. */
export function page<Value extends { readonly createdTime?: unknown }>(
  exchange: Exchange,
  items: readonly Value[],
  key: keyof Value & string,
): Value[] {
  const order = exchange.query.get('orderby');
  const sorted = [...items];
  if (order === 'timeasc' || order === 'timedesc') {
    const sign = order === 'timeasc' ? 1 : -1;
    sorted.sort((left, right) => sign * String(left.createdTime).localeCompare(String(right.createdTime)));
  }
  const last = exchange.query.get('last');
  const start = last === null ? 0 : sorted.findIndex((item) => item[key] === last) + 1;
  const size = Number(exchange.query.get('n') ?? 100);
  const shown = sorted.slice(start, start + size);
  const final = shown.at(-1);
  if (final !== undefined && start + size < sorted.length) {
    const query = new URLSearchParams({ last: String(final[key]), n: String(size), orderby: order ?? '' });
    exchange.response.setHeader('link', `<${exchange.path}?${query.toString()}>; rel="next"`);
  }
  return shown;
}

/** ACR's instants have seven digits of a second. */
export function instant(time: Date | undefined): string {
  return (time ?? new Date()).toISOString().replace('Z', '0000Z');
}
