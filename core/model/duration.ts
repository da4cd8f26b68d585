const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;

/**
 * Milliseconds from "90s", "10m", "1h30m", "2d" or "500ms"; a bare number is seconds. Undefined for anything else:
 * the caller knows how the field is called.
 */
export function parseDuration(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * units.s);
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const [, amount, unit] = part.exec(text) ?? [];
    if (amount === undefined || unit === undefined) return undefined;
    total += Number(amount) * units[unit as keyof typeof units];
  }
  return text === '' ? undefined : Math.round(total);
}

/** "1m 30s", "350 ms", "2h": how a person reads milliseconds; the two largest units. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${Math.round(milliseconds / 100) / 10}s`;
  let rest = Math.round(milliseconds / 1_000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(rest / seconds);
    if (amount > 0) parts.push(`${amount}${unit}`);
    rest -= amount * seconds;
  }
  return parts.slice(0, 2).join(' ');
}
