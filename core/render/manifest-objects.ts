import { DeliveryError } from '../model/errors.ts';
import { isObject } from '../model/json.ts';
import { formatObject, objectKey } from '../model/kubernetes-object.ts';
import type { ManifestObject } from '../model/manifest-object.ts';
import { parseYaml } from './kubernetes-yaml.ts';
import { withoutStringData } from './secret-data.ts';

/**
 * The objects of one manifest file: every document, the items of every List; empty documents are nothing.
 * @param name how messages call the file
 * @throws DeliveryError `ManifestInvalid` naming file and line
 */
export function readManifest(text: string, name: string): readonly ManifestObject[] {
  return parseYaml(text, name).flatMap(({ value, line }) =>
    value === undefined ? [] : readObject(value, `${name}:${line}`),
  );
}

/** @throws DeliveryError `ManifestInvalid` when two manifests are of one object: which would win is nobody's to guess. */
export function refuseDuplicates(manifests: readonly ManifestObject[]): void {
  const seen = new Map<string, string>();
  for (const { object, origin } of manifests) {
    if (object.metadata.name === undefined) continue;
    const key = objectKey(object);
    const before = seen.get(key);
    if (before !== undefined) {
      throw new DeliveryError(
        'ManifestInvalid',
        `${formatObject(object)} is there twice: in ${before} and in ${origin}`,
        {
          hint: 'Keep one of the two, or give them different namespaces.',
        },
      );
    }
    seen.set(key, origin);
  }
}

function readObject(value: unknown, origin: string): readonly ManifestObject[] {
  if (!isObject(value))
    throw invalid(origin, 'a document must be an object with apiVersion, kind and metadata');
  const apiVersion = textOf(value['apiVersion'], 'apiVersion', origin);
  const kind = textOf(value['kind'], 'kind', origin);
  const { items } = value;
  // kubectl takes every kind that ends so and holds items for a list of objects.
  if (kind.endsWith('List') && Array.isArray(items)) {
    return (items as unknown[]).flatMap((item, index) => readObject(item, `${origin} (item ${index + 1})`));
  }
  const { metadata } = value;
  if (!isObject(metadata)) throw invalid(origin, `${kind} has no metadata`);
  for (const field of ['name', 'generateName', 'namespace'] as const) {
    if (metadata[field] !== undefined) textOf(metadata[field], `metadata.${field}`, origin);
  }
  if (metadata['name'] === undefined && metadata['generateName'] === undefined) {
    throw invalid(origin, `${kind} has no metadata.name`);
  }
  for (const field of ['labels', 'annotations'] as const) mapOf(metadata[field], `metadata.${field}`, origin);
  return [{ object: withoutStringData({ ...value, apiVersion, kind, metadata }), origin }];
}

function textOf(value: unknown, field: string, origin: string): string {
  if (typeof value === 'string' && value !== '') return value;
  if (value === undefined || value === null || value === '') throw invalid(origin, `${field} is missing`);
  throw invalid(origin, `${field} must be text, not ${JSON.stringify(value)}: put it in quotes`);
}

function mapOf(value: unknown, field: string, origin: string): void {
  if (value === undefined || value === null) return;
  if (!isObject(value)) throw invalid(origin, `${field} must be a map of texts`);
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && typeof item !== 'string') {
      throw invalid(origin, `${field}.${key} must be text: put ${JSON.stringify(item)} in quotes`);
    }
  }
}

function invalid(origin: string, why: string): DeliveryError {
  return new DeliveryError('ManifestInvalid', `${origin}: ${why}`, {
    hint: 'Every document of a manifest file is one Kubernetes object: apiVersion, kind, metadata.name and its fields.',
  });
}
