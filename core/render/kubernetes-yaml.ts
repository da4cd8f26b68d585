import {
  constructFromEvents,
  CORE_SCHEMA,
  defineScalarTag,
  EVENT_ID,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import { DeliveryError, messageOf } from '../model/errors.ts';

export interface YamlDocument {
  /** Undefined for an empty document. */
  readonly value: unknown;
  /** Where the document's content begins, counted from 1. */
  readonly line: number;
}

// Kubernetes's own tools read YAML with go-yaml v2, which is YAML 1.1 in its scalars: `mode: 0644` is 420 and
// `flag: yes` is true. A deployment must mean here what it means to kubectl, so its table is followed
// (sigs.k8s.io/yaml/goyaml.v2, resolve.go); dates and base-60 numbers stay text there, and here.
const booleans = new Map<string, boolean>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (text) => [text, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (text) => [text, false] as const,
  ),
]);

const booleanTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: ['y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O'],
  resolve: (source) => booleans.get(source) ?? NOT_RESOLVED,
  identify: (value) => typeof value === 'boolean',
});

const numberGrammar = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function integerOf(source: string): number | undefined {
  const plain = source.replaceAll('_', '');
  const sign = plain.startsWith('-') ? -1 : 1;
  const digits = plain.replace(/^[-+]/, '');
  if (/^0[xX][0-9a-fA-F]+$|^0[bB][01]+$|^0[oO][0-7]+$/.test(digits))
    return sign * Number(digits.toLowerCase());
  if (/^0[0-7]+$/.test(digits)) return sign * Number.parseInt(digits, 8);
  if (/^[0-9]+$/.test(digits)) return sign * Number(digits);
  return undefined;
}

const numberStarts = ['+', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const integerTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: numberStarts,
  resolve: (source) => (source.startsWith('_') ? undefined : integerOf(source)) ?? NOT_RESOLVED,
  identify: () => false,
});

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: ['.', ...numberStarts],
  resolve: (source) => (numberGrammar.test(source) ? Number(source) : NOT_RESOLVED),
  identify: () => false,
});

const schema = CORE_SCHEMA.withTags(booleanTag, integerTag, floatTag, mergeTag);

/** Nodes that all documents of one file may grow to once their aliases are followed: a bound for "billion laughs". */
const longestExpansion = 1_000_000;

/**
 * Reads all documents of a YAML (or JSON) text.
 * @param name how messages call the text, for example its file name
 * @throws DeliveryError `ManifestInvalid` naming the line
 */
export function parseYaml(text: string, name: string): readonly YamlDocument[] {
  try {
    const events = parseEvents(text, { filename: name });
    const values = constructFromEvents(events, { source: text, schema, maxAliases: 10_000 });
    const lines = linesOfDocuments(text, events);
    return values.map((value, index) => {
      const line = lines[index] ?? 1;
      refuseBomb(value, `${name}:${line}`);
      return { value: value ?? undefined, line };
    });
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    throw notYaml(error, text, name);
  }
}

/** One line with place and reason. The exception's own message quotes the lines around the fault: they may be a Secret's. */
function notYaml(error: unknown, text: string, name: string): DeliveryError {
  const isYaml = error instanceof YAMLException;
  const reason = (isYaml ? error.reason : messageOf(error)).slice(0, 200);
  const template = text.search(/\{\{/);
  // The parser takes `{{ x }}` for a map in a map, and tells where the document begins.
  const isTemplate = template >= 0 && reason.includes('complex keys');
  const marked = isYaml && error.mark !== undefined ? error.mark.line + 1 : undefined;
  const line = isTemplate ? text.slice(0, template).split('\n').length : marked;
  const where = line === undefined ? name : `${name}:${line}`;
  const said = isTemplate ? 'it holds a template expression ("{{ ... }}") that was not rendered' : reason;
  return new DeliveryError('ManifestInvalid', `${where} is not YAML: ${said}`, {
    hint: isTemplate
      ? 'Render the template first, or deploy the chart itself with "helmChart".'
      : 'Correct the file at this line.',
  });
}

function linesOfDocuments(text: string, events: ReturnType<typeof parseEvents>): readonly number[] {
  const lines: number[] = [];
  let line = 1;
  let counted = 0;
  let awaited = false;
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) {
      if (awaited) lines.push(line);
      awaited = true;
      continue;
    }
    if (!awaited) continue;
    const start = startOf(event);
    if (start === undefined) continue;
    for (; counted < start; counted += 1) if (text.charCodeAt(counted) === 10) line += 1;
    lines.push(line);
    awaited = false;
  }
  if (awaited) lines.push(line);
  return lines;
}

function startOf(event: ReturnType<typeof parseEvents>[number]): number | undefined {
  switch (event.type) {
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.SCALAR:
      return Math.max(event.valueStart, 0);
    default:
      return undefined;
  }
}

/** Aliases make one node appear many times; what would be sent is the expansion, so that is what is counted. */
function refuseBomb(value: unknown, where: string): void {
  const sizes = new Map<object, number>();
  const sizeOf = (node: unknown): number => {
    if (typeof node !== 'object' || node === null) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    let size = 1;
    for (const child of Object.values(node)) size += sizeOf(child);
    if (size > longestExpansion) {
      throw new DeliveryError(
        'ManifestInvalid',
        `${where} grows to more than a million values through its aliases`,
        {
          hint: 'Write the repeated parts out, or split the file.',
        },
      );
    }
    sizes.set(node, size);
    return size;
  };
  sizeOf(value);
}
