import { DeliveryError } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';

/** An object as the Kubernetes API takes and gives it. Beyond its identity nothing is assumed of its fields. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The part of `metadata` that is read here (API conventions, "Metadata"). */
export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Which object. `namespace` is absent for kinds that have none. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface GroupKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
}

/** @throws DeliveryError `ManifestInvalid` for an object without a name: `generateName` makes no reference */
export function referenceTo(object: KubernetesObject): ObjectReference {
  const { name, namespace } = object.metadata;
  if (name === undefined) {
    throw new DeliveryError('ManifestInvalid', `a ${object.kind} has no metadata.name`, {
      hint: 'Give the object a name.',
    });
  }
  const reference = { apiVersion: object.apiVersion, kind: object.kind, name };
  return namespace === undefined ? reference : { ...reference, namespace };
}

/** `apps` of `apps/v1`; empty for the core group's `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

export function groupKindOf(object: { readonly apiVersion: string; readonly kind: string }): GroupKind {
  return { group: groupOf(object.apiVersion), kind: object.kind };
}

/** `Deployment shop/storefront`: how an object is called in logs and messages. */
export function formatObject(object: ObjectReference | KubernetesObject): string {
  const { namespace, name, generateName } =
    'metadata' in object ? metaOf(object) : { ...object, generateName: undefined };
  const called = name ?? (generateName === undefined ? '(no name)' : `${generateName}*`);
  return `${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${called}`;
}

/** One text per object of a cluster; versions of one group are the same object. */
export function objectKey(object: ObjectReference | KubernetesObject): string {
  const { namespace, name, generateName } =
    'metadata' in object ? metaOf(object) : { ...object, generateName: undefined };
  return [groupOf(object.apiVersion), object.kind, namespace ?? '', name ?? `${generateName ?? ''}*`].join(
    '|',
  );
}

function metaOf(object: ObjectReference | KubernetesObject): ObjectMeta {
  return (object as KubernetesObject).metadata;
}

/** Takes what looks like an object as one. */
export function isKubernetesObject(value: unknown): value is KubernetesObject {
  return (
    isObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isObject(value['metadata'])
  );
}

/** The value at a path, or undefined where any step of it is missing. Numbers are list positions. */
export function fieldAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const step of path) {
    if (typeof step === 'number') current = Array.isArray(current) ? (current as unknown[])[step] : undefined;
    else current = isObject(current) ? current[step] : undefined;
  }
  return current;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly (string | number)[]): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list of objects at a path; anything else is an empty one. */
export function objectsAt(value: unknown, ...path: readonly (string | number)[]): readonly JsonObject[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? (found as unknown[]).filter(isObject) : [];
}

/** A copy with `change` merged into its metadata. */
export function withMetadata(object: KubernetesObject, change: Partial<ObjectMeta>): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, ...change } };
}
