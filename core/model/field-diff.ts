import { isObject, without, type JsonObject } from './json.ts';
import { isSameJson } from './equality.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

/** One field that differs. `before` is undefined for a new field, `after` for one that goes. */
export interface FieldChange {
  /** `spec.template.spec.containers[web].image` */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Both values are a Secret's: never to be shown. */
  readonly secret: boolean;
}

// What the server keeps about an object for itself; it says nothing about what the author wants.
const bookkeeping: readonly string[] = [
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
];

/** The fields in which two states of one object differ, in the order of the fields; the status is left out. */
export function diffObjects(before: KubernetesObject, after: KubernetesObject): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const isSecret = after.kind === 'Secret' && after.apiVersion === 'v1';
  const one: Record<string, unknown> = { ...before, metadata: without(before.metadata, ...bookkeeping) };
  const other: Record<string, unknown> = { ...after, metadata: without(after.metadata, ...bookkeeping) };
  for (const side of [one, other]) delete side['status'];
  collect(one, other, '', (path, from, to) => {
    changes.push({ path, before: from, after: to, secret: isSecret && /^(?:data|stringData)\b/.test(path) });
  });
  return changes;
}

type Found = (path: string, before: unknown, after: unknown) => void;

function collect(before: unknown, after: unknown, path: string, found: Found): void {
  if (isSameJson(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const name of namesOf(before, after)) {
      collect(before[name], after[name], path === '' ? name : `${path}${step(name)}`, found);
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    collectLists(before, after, path, found);
    return;
  }
  found(path, before, after);
}

/** Lists of named things are compared by name, so that an inserted container is one change and not many. */
function collectLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  found: Found,
): void {
  const one = byName(before);
  const other = byName(after);
  if (one === undefined || other === undefined) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      collect(before[index], after[index], `${path}[${index}]`, found);
    }
    return;
  }
  for (const name of namesOf(one, other)) collect(one[name], other[name], `${path}[${name}]`, found);
}

function byName(list: readonly unknown[]): JsonObject | undefined {
  const named: Record<string, unknown> = {};
  for (const item of list) {
    const name = isObject(item) ? item['name'] : undefined;
    if (typeof name !== 'string' || Object.hasOwn(named, name)) return undefined;
    named[name] = item;
  }
  return named;
}

function namesOf(one: JsonObject, other: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

function step(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? `.${name}` : `["${name}"]`;
}

const longestValue = 120;

/** `spec.replicas: 2 -> 3`; a Secret's values are only said to differ. */
export function formatFieldChange(change: FieldChange): string {
  if (change.secret) {
    const what = change.before === undefined ? 'added' : change.after === undefined ? 'removed' : 'changed';
    return `${change.path}: (secret, ${what})`;
  }
  return `${change.path}: ${formatValue(change.before)} -> ${formatValue(change.after)}`;
}

function formatValue(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.replaceAll('\n', '\\n');
  return line.length > longestValue ? `${line.slice(0, longestValue)}... (${line.length} characters)` : line;
}
