import { createHash } from 'node:crypto';
import { isObject, type JsonObject } from '../json.ts';
import { textAt, withMetadata, type KubernetesObject } from '../kubernetes-object.ts';
import type { ManifestObject } from '../manifest-object.ts';
import { changeAt, podSpecPath } from '../pod-template.ts';
import { strategyLabel, versionOfLabel } from './labels.ts';

/** Copies of the configuration under names of their own, and where each original went. */
export interface VersionedConfiguration {
  readonly copies: readonly ManifestObject[];
  /** `ConfigMap shop/settings` -> `settings-1f2e3d4c5b`. */
  readonly names: ReadonlyMap<string, string>;
}

/** Kubernetes refuses names that are longer (RFC 1123 subdomain). */
const longestName = 253;

/**
 * Copies of ConfigMaps and Secrets whose names carry a hash of their content, so that pods of two versions each read their
 * own. A login for pulling images is not configuration and keeps its name.
 */
export function versionConfiguration(
  manifests: readonly ManifestObject[],
  deployment: string,
): VersionedConfiguration {
  const copies: ManifestObject[] = [];
  const names = new Map<string, string>();
  for (const manifest of manifests) {
    const { object } = manifest;
    if (!isConfiguration(object)) continue;
    const { name = '' } = object.metadata;
    const content = JSON.stringify(
      sorted([object.kind, object['type'], object['data'], object['binaryData'], object['stringData']]),
    );
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const versioned = `${name.slice(0, longestName - 11)}-${hash}`;
    names.set(keyOf(object.kind, object.metadata.namespace, name), versioned);
    copies.push({
      ...manifest,
      object: withMetadata(object, {
        name: versioned,
        labels: {
          ...object.metadata.labels,
          [strategyLabel]: deployment,
          [versionOfLabel]: labelValue(name),
        },
      }),
    });
  }
  return { copies, names };
}

export function isConfiguration(object: KubernetesObject): boolean {
  if (object.apiVersion !== 'v1') return false;
  if (object.kind === 'ConfigMap') return true;
  return (
    object.kind === 'Secret' &&
    !/^kubernetes\.io\/|^bootstrap\.kubernetes\.io\//.test(textAt(object, 'type') ?? '')
  );
}

/** The workload with its pods reading the copies; only those that `names` has, everything else keeps its name. */
export function readVersioned(
  workload: KubernetesObject,
  names: ReadonlyMap<string, string>,
): { readonly workload: KubernetesObject; readonly used: ReadonlySet<string> } {
  const path = podSpecPath(workload.kind);
  const used = new Set<string>();
  if (path === undefined) return { workload, used };
  const rename = (kind: 'ConfigMap' | 'Secret', name: unknown): unknown => {
    if (typeof name !== 'string') return name;
    const versioned = names.get(keyOf(kind, workload.metadata.namespace, name));
    if (versioned === undefined) return name;
    used.add(versioned);
    return versioned;
  };
  return { workload: changeAt(workload, path, (spec) => renameIn(spec, rename)), used };
}

type Rename = (kind: 'ConfigMap' | 'Secret', name: unknown) => unknown;

// Where a pod spec names ConfigMaps and Secrets (core/v1, PodSpec).
function renameIn(spec: JsonObject, rename: Rename): JsonObject {
  const containers = (list: unknown): unknown =>
    each(list, (container) =>
      edit(
        edit(container, 'envFrom', (sources) =>
          each(sources, (source) =>
            edit(
              edit(source, 'configMapRef', (ref) => named(ref, 'name', 'ConfigMap', rename)),
              'secretRef',
              (ref) => named(ref, 'name', 'Secret', rename),
            ),
          ),
        ),
        'env',
        (variables) =>
          each(variables, (variable) =>
            edit(variable, 'valueFrom', (from) =>
              isObject(from)
                ? edit(
                    edit(from, 'configMapKeyRef', (ref) => named(ref, 'name', 'ConfigMap', rename)),
                    'secretKeyRef',
                    (ref) => named(ref, 'name', 'Secret', rename),
                  )
                : from,
            ),
          ),
      ),
    );
  const source = (volume: JsonObject): JsonObject =>
    edit(
      edit(volume, 'configMap', (map) => named(map, 'name', 'ConfigMap', rename)),
      'secret',
      (secret) => named(named(secret, 'secretName', 'Secret', rename), 'name', 'Secret', rename),
    );
  let result = spec;
  for (const list of ['initContainers', 'containers']) result = edit(result, list, containers);
  return edit(result, 'volumes', (volumes) =>
    each(volumes, (volume) =>
      edit(source(volume), 'projected', (projected) =>
        isObject(projected) ? edit(projected, 'sources', (sources) => each(sources, source)) : projected,
      ),
    ),
  );
}

function each(list: unknown, change: (item: JsonObject) => JsonObject): unknown {
  return Array.isArray(list)
    ? (list as unknown[]).map((item) => (isObject(item) ? change(item) : item))
    : list;
}

function edit(object: JsonObject, field: string, change: (value: unknown) => unknown): JsonObject {
  return object[field] === undefined ? object : { ...object, [field]: change(object[field]) };
}

function named(value: unknown, field: string, kind: 'ConfigMap' | 'Secret', rename: Rename): unknown {
  return isObject(value) ? edit(value, field, (name) => rename(kind, name)) : value;
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind} ${namespace ?? ''}/${name}`;
}

/** Label values end at 63 characters; the name is there for people, the hash in the object's name tells copies apart. */
function labelValue(name: string): string {
  return name.slice(0, 63).replaceAll(/[^A-Za-z0-9]+$/g, '');
}

/** The same text for the same content, in whatever order its author wrote it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}
