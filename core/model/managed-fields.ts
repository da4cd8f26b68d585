import { isObject, without, type JsonObject } from './json.ts';
import { isSameJson } from './equality.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

/**
 * Whether applying `wanted` would provably change nothing: the manager's last apply of the same version set exactly these
 * fields, and each still holds its value. Then the server need not be asked at all.
 *
 * The reasoning is server-side apply's own (KEP-555): an apply that leaves both the manager's field set and all values
 * as they are is no change. Where the server may write a value differently (quantities, defaults inside of lists without
 * keys) the answer is `false`, which only means that the server is asked.
 */
export function isAsApplied(wanted: KubernetesObject, live: KubernetesObject, manager: string): boolean {
  const entry = entryOf(live, manager);
  if (entry?.['apiVersion'] !== wanted.apiVersion) return false;
  const fields = entry['fieldsV1'];
  if (!isObject(fields)) return false;
  // The server takes identity from the request and never lists it among the fields.
  const metadata = without(wanted.metadata, 'name', 'namespace');
  const content = without(wanted, 'apiVersion', 'kind', 'metadata', 'status');
  const body = Object.keys(metadata).length === 0 ? content : { ...content, metadata };
  return isOwnedMap(body, live, fields);
}

function entryOf(live: KubernetesObject, manager: string): JsonObject | undefined {
  const { managedFields } = live.metadata;
  if (!Array.isArray(managedFields)) return undefined;
  return (managedFields as unknown[])
    .filter(isObject)
    .find(
      (entry) =>
        entry['manager'] === manager && entry['operation'] === 'Apply' && entry['subresource'] === undefined,
    );
}

/** `fieldsV1`: `f:name` a field, `k:{...}` a list item by its keys, `v:...` a value of a set, `.` the thing itself. */
function isOwned(wanted: unknown, live: unknown, fields: JsonObject): boolean {
  const names = Object.keys(fields).filter((name) => name !== '.');
  if (names.length === 0) return isSameJson(wanted, live);
  if (isObject(wanted)) return isObject(live) && isOwnedMap(wanted, live, fields);
  if (!Array.isArray(wanted) || !Array.isArray(live)) return false;
  return names.every((name) => name.startsWith('k:'))
    ? isOwnedKeyedList(wanted as unknown[], live as unknown[], fields, names)
    : isOwnedSet(wanted as unknown[], live as unknown[], names);
}

function isOwnedMap(wanted: JsonObject, live: JsonObject, fields: JsonObject): boolean {
  const names = Object.keys(fields).filter((name) => name !== '.');
  const own = Object.keys(wanted);
  if (names.length !== own.length) return false;
  return own.every((name) => {
    const below = fields[`f:${name}`];
    return isObject(below) && Object.hasOwn(live, name) && isOwned(wanted[name], live[name], below);
  });
}

function isOwnedKeyedList(
  wanted: readonly unknown[],
  live: readonly unknown[],
  fields: JsonObject,
  names: readonly string[],
): boolean {
  if (names.length !== wanted.length) return false;
  let position = -1;
  const used = new Set<string>();
  return wanted.every((item) => {
    if (!isObject(item)) return false;
    // Keys that the author left to their defaults ("protocol: TCP") are in the server's key and not in the manifest.
    const name = names.find((candidate) => !used.has(candidate) && isItem(item, candidate));
    const keys = name === undefined ? undefined : keysIn(name);
    const below = name === undefined ? undefined : fields[name];
    if (name === undefined || keys === undefined || !isObject(below)) return false;
    used.add(name);
    const found = live.findIndex((candidate) => isObject(candidate) && hasKeys(candidate, keys));
    // Another order is another list.
    if (found <= position) return false;
    position = found;
    const liveItem = live[found];
    return isObject(liveItem) && isOwnedMap(item, liveItem, below);
  });
}

/** Every key that the item names agrees, and it names one at least. */
function isItem(item: JsonObject, name: string): boolean {
  const keys = Object.entries(keysIn(name) ?? {});
  const named = keys.filter(([key]) => Object.hasOwn(item, key));
  return named.length > 0 && named.every(([key, value]) => isSameJson(item[key], value));
}

function hasKeys(item: JsonObject, keys: JsonObject): boolean {
  return Object.entries(keys).every(([key, value]) => isSameJson(item[key], value));
}

function keysIn(name: string): JsonObject | undefined {
  try {
    const keys: unknown = JSON.parse(name.slice(2));
    return isObject(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

/** A set (finalizers): its values are in the names themselves. */
function isOwnedSet(wanted: readonly unknown[], live: readonly unknown[], names: readonly string[]): boolean {
  return (
    names.length === wanted.length &&
    wanted.every(
      (value) => names.includes(`v:${JSON.stringify(value)}`) && live.some((item) => isSameJson(item, value)),
    )
  );
}
