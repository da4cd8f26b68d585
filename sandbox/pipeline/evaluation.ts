import type { Expression } from './expression.ts';
import { textOf, type List, type Mapping } from './tree.ts';

/** What an expression can be: a plain value, or a list or mapping of the source (an object parameter). */
export type Value = string | number | boolean | null | List | Mapping;

/** Where an expression is evaluated: the names it may begin with, and the functions that depend on the place. */
export interface Scope {
  /** The value of `path[0].path[1]...`, or undefined when this place knows no such beginning. */
  read(path: readonly string[]): Value | undefined;
  /** succeeded(), failed()...: undefined when this place has no such function. */
  status?(name: string, names: readonly string[]): boolean | undefined;
}

/** @throws Error for names and functions outside the subset; the caller knows the place. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'name':
    case 'member':
      return readPath(expression, scope);
    case 'call':
      return call(expression.name, expression.args, scope);
  }
}

/** Microsoft's conversion table ("Expressions", type casting): text is true unless empty, zero is false. */
export function isTrue(value: Value): boolean {
  if (value === null || value === '' || value === 0) return false;
  return value !== false;
}

export function asText(value: Value): string {
  if (typeof value === 'object' && value !== null) throw new Error('a list or mapping has no text here');
  return textOf(value);
}

/** Compared as Azure Pipelines does: the right side takes the left's type, text ignores case. */
export function equal(left: Value, right: Value): boolean {
  if (left === null || right === null) return asText(left) === '' && asText(right) === '';
  if (typeof left === 'object' || typeof right === 'object') return left === right;
  if (typeof left === 'boolean') return left === isTrue(right);
  const text = asText(right);
  if (typeof left === 'number') return text.trim() !== '' && left === Number(text);
  return left.toLowerCase() === text.toLowerCase();
}

/** A member of a list or mapping of the source; null where there is none, as Azure Pipelines has it. */
export function member(value: Value, key: string): Value {
  if (typeof value !== 'object' || value === null) return null;
  const found =
    value.kind === 'list'
      ? value.items[Number(key)]
      : value.entries.find((entry) => entry.key.toLowerCase() === key.toLowerCase())?.value;
  if (found === undefined) return null;
  return found.kind === 'scalar' ? found.value : found;
}

function readPath(expression: Expression, scope: Scope): Value {
  const path: string[] = [];
  let at = expression;
  while (at.kind === 'member') {
    path.unshift(asText(evaluate(at.key, scope)));
    at = at.of;
  }
  if (at.kind !== 'name') {
    return path.reduce((value: Value, key) => member(value, key), evaluate(at, scope));
  }
  path.unshift(at.name);
  const value = scope.read(path);
  if (value === undefined) throw new Error(`"${path.join('.')}" is not known here`);
  return value;
}

type Function = (args: readonly Value[]) => Value;

const functions: Readonly<Record<string, readonly [least: number, most: number, apply: Function]>> = {
  eq: [2, 2, ([left = null, right = null]) => equal(left, right)],
  ne: [2, 2, ([left = null, right = null]) => !equal(left, right)],
  not: [1, 1, ([value = null]) => !isTrue(value)],
  in: [2, Infinity, ([value = null, ...others]) => others.some((other) => equal(value, other))],
  notin: [2, Infinity, ([value = null, ...others]) => !others.some((other) => equal(value, other))],
  contains: [2, 2, (args) => lower(args, 0).includes(lower(args, 1))],
  startswith: [2, 2, (args) => lower(args, 0).startsWith(lower(args, 1))],
  endswith: [2, 2, (args) => lower(args, 0).endsWith(lower(args, 1))],
  coalesce: [2, Infinity, (args) => args.find((value) => value !== null && value !== '') ?? null],
};

function lower(args: readonly Value[], index: number): string {
  return asText(args[index] ?? null).toLowerCase();
}

function call(name: string, args: readonly Expression[], scope: Scope): Value {
  const key = name.toLowerCase();
  // These two stop at the first value that decides.
  if (key === 'and') return args.every((arg) => isTrue(evaluate(arg, scope)));
  if (key === 'or') return args.some((arg) => isTrue(evaluate(arg, scope)));
  const known = Object.hasOwn(functions, key) ? functions[key] : undefined;
  const values = args.map((arg) => evaluate(arg, scope));
  if (known === undefined) {
    const status = scope.status?.(key, values.map(asText));
    if (status === undefined) throw new Error(`the function ${name}() is not in the subset`);
    return status;
  }
  const [least, most, apply] = known;
  if (values.length < least || values.length > most) {
    throw new Error(
      `${name}() takes ${least === most ? least : `${least} or more`} values, not ${values.length}`,
    );
  }
  return apply(values);
}
