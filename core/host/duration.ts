const millisecondsOf = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of "90s", "10m", "1h30m", "1.5h", "2d", "500ms" or, in seconds, "90"; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return safe(Number(text) * 1000);
  const number = '(\\d+(?:\\.\\d+)?)';
  const match = new RegExp(
    `^(?:${number}d)?(?:${number}h)?(?:${number}m(?!s))?(?:${number}s)?(?:${number}ms)?$`,
    'i',
  ).exec(text);
  if (match === null || text === '') return undefined;
  const units = ['d', 'h', 'm', 's', 'ms'] as const;
  let total = 0;
  units.forEach((unit, index) => {
    total += Number(match[index + 1] ?? 0) * millisecondsOf[unit];
  });
  return safe(Math.round(total));
}

function safe(value: number): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}
