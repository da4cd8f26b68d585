/** A `WWW-Authenticate` challenge (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const parameter = new RegExp(`^\\s*,?\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))`);
const schemeStart = new RegExp(`^\\s*,?\\s*(${token})(?=\\s|,|$)`);

/** Reads every challenge of the header. What does not parse ends the reading: the rest cannot be trusted. */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header;
  while (rest.trim() !== '') {
    const pair = parameter.exec(rest);
    const current = challenges.at(-1);
    if (pair !== null && current !== undefined) {
      const value = pair[2]?.replaceAll(/\\(.)/g, '$1') ?? pair[3] ?? '';
      current.parameters.set((pair[1] ?? '').toLowerCase(), value);
      rest = rest.slice(pair[0].length);
      continue;
    }
    const scheme = schemeStart.exec(rest);
    if (scheme?.[1] === undefined) return challenges;
    challenges.push({ scheme: scheme[1].toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length);
  }
  return challenges;
}
