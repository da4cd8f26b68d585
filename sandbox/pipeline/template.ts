import { evaluate, isTrue, member, type Scope, type Value } from './evaluation.ts';
import { parseExpression, type Expression } from './expression.ts';
import { PipelineRefused, type Place } from './refusal.ts';
import { textOf, type Entry, type List, type Mapping, type Scalar, type Tree } from './tree.ts';

/** The names that `${{ }}` may use: `parameters`, and the variables of the `each` around it. */
export type Names = ReadonlyMap<string, Value>;

/**
 * Resolves every `${{ }}` of a document: values, `if`/`elseif`/`else` and `each`, in lists and in mappings. What comes
 * out holds none of them.
 */
export function expand(tree: Tree, names: Names): Tree {
  switch (tree.kind) {
    case 'scalar':
      return expandScalar(tree, names);
    case 'list':
      return { ...tree, items: expandItems(tree.items, names) };
    case 'mapping':
      return { ...tree, entries: expandEntries(tree.entries, names) };
  }
}

function expandItems(items: readonly Tree[], names: Names): readonly Tree[] {
  const expanded: Tree[] = [];
  let taken = true;
  for (const item of items) {
    const directive = directiveOf(item);
    if (directive === undefined) {
      const value = expand(item, names);
      // A list that a whole `${{ }}` item stands for joins the list around it.
      if (item.kind === 'scalar' && value.kind === 'list') expanded.push(...value.items);
      else expanded.push(value);
      continue;
    }
    for (const scope of directive.scopes(names, taken)) {
      const body = expand(directive.body, scope);
      if (body.kind === 'list') expanded.push(...body.items);
      else expanded.push(body);
    }
    taken = directive.taken(names, taken);
  }
  return expanded;
}

function expandEntries(entries: readonly Entry[], names: Names): readonly Entry[] {
  const expanded: Entry[] = [];
  let taken = true;
  for (const entry of entries) {
    const directive = directiveOfEntry(entry);
    if (directive === undefined) {
      const key = expandText(entry.key, entry.at, names);
      if (typeof key === 'object' && key !== null) throw new PipelineRefused(entry.at, 'a key must be text');
      expanded.push({ key: textOf(key), at: entry.at, value: expand(entry.value, names) });
      continue;
    }
    for (const scope of directive.scopes(names, taken)) {
      const body = expand(directive.body, scope);
      if (body.kind !== 'mapping') throw new PipelineRefused(entry.at, 'a mapping must stand below this');
      expanded.push(...body.entries);
    }
    taken = directive.taken(names, taken);
  }
  refuseDoubles(expanded);
  return expanded;
}

function refuseDoubles(entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (seen.has(entry.key)) throw new PipelineRefused(entry.at, `"${entry.key}" is given twice`);
    seen.add(entry.key);
  }
}

/** `${{ if }}`, `${{ elseif }}`, `${{ else }}` or `${{ each }}`, with what stands below it. */
interface Directive {
  readonly body: Tree;
  /** The names under which the body is expanded, once for each time. `done`: an earlier branch was taken. */
  scopes(names: Names, done: boolean): readonly Names[];
  taken(names: Names, done: boolean): boolean;
}

function directiveOf(item: Tree): Directive | undefined {
  const [entry] = item.kind === 'mapping' && item.entries.length === 1 ? item.entries : [];
  return entry === undefined ? undefined : directiveOfEntry(entry);
}

function directiveOfEntry(entry: Entry): Directive | undefined {
  const match = /^\$\{\{\s*(if|elseif|else|each|insert)\b(.*?)\}\}$/s.exec(entry.key.trim());
  if (match === null) return undefined;
  const [, word = '', rest = ''] = match;
  const { at, value: body } = entry;
  switch (word) {
    case 'if':
    case 'elseif': {
      const condition = parsed(rest, at);
      const holds = (names: Names, done: boolean): boolean =>
        (word === 'if' || !done) && isTrue(evaluated(condition, names, at));
      return {
        body,
        scopes: (names, done) => (holds(names, done) ? [names] : []),
        taken: (names, done) => holds(names, done) || (word === 'elseif' && done),
      };
    }
    case 'else':
      return { body, scopes: (names, done) => (done ? [] : [names]), taken: () => true };
    case 'each':
      return { body, scopes: (names) => each(rest, names, at), taken: () => true };
    default:
      throw new PipelineRefused(at, '"${{ insert }}" is not in the subset that the runner reads');
  }
}

function each(rest: string, names: Names, at: Place): readonly Names[] {
  const match = /^\s*(\w+)\s+in\s+(.*)$/s.exec(rest);
  if (match === null) throw new PipelineRefused(at, 'write it as ${{ each item in parameters.items }}');
  const [, name = '', source = ''] = match;
  const value = evaluated(parsed(source, at), names, at);
  if (typeof value !== 'object' || value === null) {
    throw new PipelineRefused(at, `"${source.trim()}" is neither a list nor a mapping`);
  }
  const items: readonly Value[] =
    value.kind === 'list' ? value.items.map(valueOf) : value.entries.map((entry) => pairOf(entry));
  return items.map((item) => new Map(names).set(name.toLowerCase(), item));
}

/** What `each` over a mapping hands out: an object with `key` and `value`. */
function pairOf(entry: Entry): Mapping {
  const { at } = entry;
  const key: Scalar = { kind: 'scalar', value: entry.key, at };
  return {
    kind: 'mapping',
    at,
    entries: [
      { key: 'key', at, value: key },
      { key: 'value', at, value: entry.value },
    ],
  };
}

function expandScalar(scalar: Scalar, names: Names): Tree {
  if (typeof scalar.value !== 'string') return scalar;
  return treeOf(expandText(scalar.value, scalar.at, names), scalar.at);
}

function expandText(text: string, at: Place, names: Names): Value {
  const whole = /^\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*$/s.exec(text);
  if (whole !== null) return evaluated(parsed(whole[1] ?? '', at), names, at);
  return text.replaceAll(/\$\{\{((?:(?!\}\}).)*)\}\}/gs, (_, source: string) => {
    const value = evaluated(parsed(source, at), names, at);
    if (typeof value !== 'object' || value === null) return textOf(value);
    throw new PipelineRefused(at, `"${source.trim()}" is a list or mapping and stands inside a text`);
  });
}

function parsed(source: string, at: Place): Expression {
  try {
    return parseExpression(source);
  } catch (error) {
    throw new PipelineRefused(at, error instanceof Error ? error.message : String(error), error);
  }
}

function evaluated(expression: Expression, names: Names, at: Place): Value {
  const scope: Scope = {
    read([first = '', ...rest]) {
      const start = names.get(first.toLowerCase());
      if (start === undefined) return undefined;
      if (first.toLowerCase() === 'parameters') checkParameter(start, rest[0], at);
      return rest.reduce((value: Value, key) => member(value, key), start);
    },
  };
  try {
    return evaluate(expression, scope);
  } catch (error) {
    if (error instanceof PipelineRefused) throw error;
    throw new PipelineRefused(at, error instanceof Error ? error.message : String(error), error);
  }
}

function checkParameter(parameters: Value, name: string | undefined, at: Place): void {
  if (name === undefined || typeof parameters !== 'object' || parameters?.kind !== 'mapping') return;
  const known = parameters.entries.map((entry) => entry.key);
  if (known.some((other) => other.toLowerCase() === name.toLowerCase())) return;
  const list = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  throw new PipelineRefused(at, `there is no parameter "${name}" here: ${list}`);
}

export function valueOf(tree: Tree): Value {
  return tree.kind === 'scalar' ? tree.value : tree;
}

export function treeOf(value: Value, at: Place): Tree {
  return typeof value === 'object' && value !== null ? value : { kind: 'scalar', value, at };
}

export function emptyList(at: Place): List {
  return { kind: 'list', items: [], at };
}
