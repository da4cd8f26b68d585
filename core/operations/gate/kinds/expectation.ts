import { isObject, type JsonObject } from '../../../model/json.ts';
import { excerpt } from '../excerpt.ts';
import type { Settings } from '../settings.ts';
import { invalid } from '../settings.ts';
import type { HttpAnswer } from '../tools.ts';

/** What an HTTP answer must say. */
export interface Expectation {
  readonly statuses: readonly StatusRange[];
  readonly headers: readonly { readonly name: string; readonly pattern: RegExp; readonly text: string }[];
  readonly contains: readonly string[];
  readonly lacks: readonly string[];
  readonly json: readonly JsonExpectation[];
}

interface StatusRange {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

interface JsonExpectation {
  readonly path: string;
  readonly steps: readonly (string | number)[];
  readonly equals: unknown;
}

export const expectationSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  description: 'What the answer must say. Without a status, 200 to 299.',
  properties: {
    status: {
      description: 'A status, a class such as 2xx, or a list of them.',
      anyOf: [
        { type: ['integer', 'string'] },
        { type: 'array', items: { type: ['integer', 'string'] }, minItems: 1 },
      ],
    },
    headers: {
      description:
        'Header names and the text, or /regular expression/, that their values must contain or match.',
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean'] },
    },
    text: {
      description: 'Text that the body must contain.',
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    },
    notText: {
      description: 'Text that the body must not contain.',
      anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    },
    json: {
      description:
        'Paths into the JSON body, such as $.status or items[0].name, and the values that must be there.',
      type: 'object',
    },
  },
};

export function parseExpectation(settings: Settings | undefined): Expectation {
  if (settings === undefined) {
    return { statuses: [parseStatus('2xx', '')], headers: [], contains: [], lacks: [], json: [] };
  }
  const statuses = settings.texts('status');
  const headers = Object.entries(settings.map('headers'));
  const json = settings.raw('json') ?? {};
  if (!isObject(json)) return settings.wrong('json', 'a section of paths and values', json);
  return {
    statuses: (statuses.length === 0 ? ['2xx'] : statuses).map((text) =>
      parseStatus(text, settings.at('status')),
    ),
    headers: headers.map(([name, text]) => ({
      name: name.toLowerCase(),
      text,
      pattern: parsePattern(text, settings.at(`headers.${name}`)),
    })),
    contains: settings.texts('text'),
    lacks: settings.texts('notText'),
    json: Object.entries(json).map(([path, equals]) => ({
      path,
      steps: parsePath(path, settings.at('json')),
      equals,
    })),
  };
}

/** Why the answer is not the expected one, in one line; undefined when it is. */
export function mismatch(expectation: Expectation, answer: HttpAnswer): string | undefined {
  const { status } = answer;
  if (!expectation.statuses.some((range) => status >= range.from && status <= range.to)) {
    const begin = answer.text.trim() === '' ? '' : `: ${excerpt(answer.text)}`;
    return `status ${status}, expected ${expectation.statuses.map((range) => range.text).join(' or ')}${begin}`;
  }
  for (const header of expectation.headers) {
    const value = answer.headers[header.name];
    if (value === undefined) return `the answer has no header ${header.name}`;
    if (!header.pattern.test(value)) {
      return `header ${header.name} is "${excerpt(value)}", expected ${header.text}`;
    }
  }
  for (const text of expectation.contains) {
    if (!answer.text.includes(text)) return `the body lacks "${text}": ${excerpt(answer.text)}`;
  }
  for (const text of expectation.lacks) {
    if (answer.text.includes(text)) return `the body contains "${text}"`;
  }
  if (expectation.json.length === 0) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return `the body is not JSON: ${excerpt(answer.text)}`;
  }
  for (const expected of expectation.json) {
    const value = resolve(body, expected.steps);
    if (value === undefined) return `the body has no ${expected.path}`;
    if (!sameJson(value, expected.equals)) {
      return `${expected.path} is ${excerpt(JSON.stringify(value))}, expected ${JSON.stringify(expected.equals)}`;
    }
  }
  return undefined;
}

function parseStatus(text: string, path: string): StatusRange {
  const digits = /^([1-5])(\d\d|xx)$/.exec(text.toLowerCase());
  if (digits === null) {
    throw invalid(
      `${path} is "${text}", which is no HTTP status`,
      'Write a status such as 200, or a class such as 2xx.',
    );
  }
  const first = Number(digits[1]) * 100;
  return digits[2] === 'xx'
    ? { text, from: first, to: first + 99 }
    : { text, from: Number(text), to: Number(text) };
}

function parsePattern(text: string, path: string): RegExp {
  const expression = /^\/(.*)\/(i?)$/.exec(text);
  if (expression === null) return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'i');
  try {
    return new RegExp(expression[1] ?? '', expression[2]);
  } catch (error) {
    throw invalid(
      `${path} is "${text}", which is no regular expression`,
      'Check the expression between the slashes.',
      error,
    );
  }
}

/** `$.items[0].name`, `items[0]['odd.name']`: the plain paths of RFC 9535, without wildcards and filters. */
function parsePath(path: string, where: string): readonly (string | number)[] {
  const step = /\.?([\p{L}_$][\p{L}\p{N}_$-]*)|\[(\d+)\]|\['([^']*)'\]/uy;
  const text = path === '$' ? '' : path.replace(/^\$(?=[.[])/, '');
  const steps: (string | number)[] = [];
  while (step.lastIndex < text.length) {
    const at = step.lastIndex;
    const found = step.exec(text);
    if (found === null) {
      throw invalid(
        `${where} has the path "${path}", which cannot be read from "${text.slice(at)}" on`,
        "Write a path such as $.status, items[0].name or ['odd name'].",
      );
    }
    steps.push(found[2] === undefined ? (found[1] ?? found[3] ?? '') : Number(found[2]));
  }
  return steps;
}

function resolve(value: unknown, steps: readonly (string | number)[]): unknown {
  let current: unknown = value;
  for (const step of steps) {
    if (typeof step === 'number') current = Array.isArray(current) ? (current as unknown[])[step] : undefined;
    else current = isObject(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

function sameJson(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => sameJson(item, other[index]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]))
    );
  }
  return one === other;
}
