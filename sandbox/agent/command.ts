/** A logging command: `##vso[area.event key=value;key=value]data`. */
export interface Command {
  readonly area: string;
  readonly event: string;
  /** Keys in lower case: the agent compares them so. */
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

const prefix = '##vso[';

/**
 * The command in a line, found anywhere in it as the agent finds it: the first prefix, the first `]` after it.
 * Undefined when there is none, or none that parses. Agent: Command.cs.
 */
export function parseCommand(line: string): Command | undefined {
  const start = line.indexOf(prefix);
  if (start < 0) return undefined;
  const end = line.indexOf(']', start);
  if (end < 0) return undefined;
  const header = line.slice(start + prefix.length, end);
  const space = header.indexOf(' ');
  const name = (space < 0 ? header : header.slice(0, space)).split('.').filter((part) => part !== '');
  const [area, event] = name;
  if (name.length !== 2 || area === undefined || event === undefined) return undefined;
  const properties = new Map<string, string>();
  // A header that begins with a blank has no properties, however many follow.
  for (const text of space > 0 ? header.slice(space + 1).split(';') : []) {
    const [key, value] = splitOnce(text);
    if (key !== '' && value !== '') properties.set(key.toLowerCase(), unescape(value));
  }
  return {
    area: area.toLowerCase(),
    event: event.toLowerCase(),
    properties,
    data: unescape(line.slice(end + 1)),
  };
}

/** .NET's Split('=', 2, RemoveEmptyEntries): leading separators vanish, so "=a=b" is ["a", "b"]. */
function splitOnce(text: string): readonly [string, string] {
  const trimmed = text.replace(/^=+/, '');
  const equals = trimmed.indexOf('=');
  return equals < 0 ? [trimmed, ''] : [trimmed.slice(0, equals), trimmed.slice(equals + 1)];
}

/** Agent: CommandStringConvertor.cs, with DECODE_PERCENTS on as it is by default. */
export function unescape(text: string): string {
  return text
    .replaceAll('%3B', ';')
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%5D', ']')
    .replaceAll('%AZP25', '%');
}

export function escape(text: string): string {
  return text
    .replaceAll('%', '%AZP25')
    .replaceAll(';', '%3B')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A')
    .replaceAll(']', '%5D');
}
