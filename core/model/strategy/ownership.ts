import { isObject, type JsonObject } from '../json.ts';
import { fieldAt, type KubernetesObject } from '../kubernetes-object.ts';

/** One entry of managedFields (KEP-555). */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: string;
}

/** Who set a field of `spec` last; undefined when nobody says so. */
export function ownerOf(object: KubernetesObject, field: string): FieldOwner | undefined {
  const entry = entriesOf(object).find(
    (each) =>
      each['subresource'] !== 'status' && fieldAt(each, 'fieldsV1', 'f:spec', `f:${field}`) !== undefined,
  );
  return entry === undefined ? undefined : nameOf(entry);
}

/**
 * The entries as if `interim` had never written: its own entry goes, and whoever owned a field of `spec` before owns it
 * again. Then the next deployment finds what the last one left.
 * @param owners by field of `spec`
 */
export function withoutInterim(
  object: KubernetesObject,
  interim: string,
  owners: Readonly<Record<string, FieldOwner>>,
): readonly JsonObject[] {
  return entriesOf(object)
    .filter((entry) => entry['manager'] !== interim)
    .map((entry) => {
      const { manager, operation } = nameOf(entry);
      const own = Object.keys(owners).filter(
        (field) => owners[field]?.manager === manager && owners[field].operation === operation,
      );
      if (own.length === 0 || entry['subresource'] === 'status') return entry;
      const fields = isObject(entry['fieldsV1']) ? entry['fieldsV1'] : {};
      const spec = isObject(fields['f:spec']) ? fields['f:spec'] : {};
      const returned = Object.fromEntries(own.map((field) => [`f:${field}`, {}]));
      return { ...entry, fieldsV1: { ...fields, 'f:spec': { ...spec, ...returned } } };
    });
}

/** Whether `manager` has an entry of its own. */
export function isManagedBy(object: KubernetesObject, manager: string): boolean {
  return entriesOf(object).some((entry) => entry['manager'] === manager);
}

function nameOf(entry: JsonObject): FieldOwner {
  return { manager: String(entry['manager']), operation: String(entry['operation']) };
}

function entriesOf(object: KubernetesObject): readonly JsonObject[] {
  const { managedFields } = object.metadata;
  return Array.isArray(managedFields) ? (managedFields as unknown[]).filter(isObject) : [];
}
