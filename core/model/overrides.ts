import { DeliveryError } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { fieldAt, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';

/**
 * What one environment has otherwise than the manifests say. Layers are read in order; of two that say something about
 * the same thing the later decides.
 */
export interface Overrides {
  /** `Deployment/web` or just `web` -> how many. */
  readonly replicas: Readonly<Record<string, number>>;
  /** ConfigMap -> key -> value; a key that is not there yet is added. */
  readonly config: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Secret -> key -> value, in clear. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** As in a kustomization: strategic merge or JSON 6902, with an optional target. */
  readonly patches: readonly JsonObject[];
}

export const noOverrides: Overrides = { replicas: {}, config: {}, secrets: {}, patches: [] };

/**
 * Reads one layer.
 * @param resolve what a text becomes: variables put in. Called for every value of `config` and `secrets`
 * @throws DeliveryError `FileInvalid` naming the layer and the field
 */
export function parseOverrides(value: unknown, name: string, resolve: (text: string) => string): Overrides {
  if (value === undefined) return noOverrides;
  if (!isObject(value)) throw invalid(name, 'an overrides file must be an object');
  const known = ['replicas', 'config', 'secrets', 'patches'];
  const unknown = Object.keys(value).find((field) => !known.includes(field));
  if (unknown !== undefined)
    throw invalid(name, `it has a field "${unknown}"; there are ${known.join(', ')}`);
  const { replicas = {}, patches = [] } = value;
  if (!isObject(replicas)) throw invalid(name, 'replicas must be a map of numbers');
  for (const [workload, count] of Object.entries(replicas)) {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
      throw invalid(name, `replicas.${workload} must be a whole number, zero or more`);
    }
  }
  if (!Array.isArray(patches) || !patches.every(isObject))
    throw invalid(name, 'patches must be a list of objects');
  return {
    replicas: replicas as Readonly<Record<string, number>>,
    config: readMaps(value['config'], `${name}: config`, resolve),
    secrets: readMaps(value['secrets'], `${name}: secrets`, resolve),
    patches,
  };
}

function readMaps(
  value: unknown,
  name: string,
  resolve: (text: string) => string,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(name, 'it must be a map of objects by name');
  return Object.fromEntries(
    Object.entries(value).map(([object, keys]) => {
      if (!isObject(keys)) throw invalid(name, `${object} must be a map of texts`);
      const texts = Object.entries(keys).map(([key, item]) => {
        if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean')
          throw invalid(name, `${object}.${key} must be text`);
        return [key, resolve(String(item))] as const;
      });
      return [object, Object.fromEntries(texts)];
    }),
  );
}

/** Later layers decide; patches are applied in the order of the layers. */
export function mergeOverrides(layers: readonly Overrides[]): Overrides {
  const deep = (
    one: Readonly<Record<string, Readonly<Record<string, string>>>>,
    other: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ): Readonly<Record<string, Readonly<Record<string, string>>>> => {
    const merged = { ...one };
    for (const [name, keys] of Object.entries(other)) merged[name] = { ...merged[name], ...keys };
    return merged;
  };
  return layers.reduce(
    (all, layer) => ({
      replicas: { ...all.replicas, ...layer.replicas },
      config: deep(all.config, layer.config),
      secrets: deep(all.secrets, layer.secrets),
      patches: [...all.patches, ...layer.patches],
    }),
    noOverrides,
  );
}

/**
 * Puts replicas and configuration in. Patches are the renderer's.
 * @throws DeliveryError `ManifestInvalid` for an override of something that no manifest has: a typo must not pass silently
 */
export function applyOverrides(
  manifests: readonly ManifestObject[],
  overrides: Overrides,
): readonly ManifestObject[] {
  const used = new Set<string>();
  const result = manifests.map((manifest) => {
    const object = override(manifest.object, overrides, used);
    return object === manifest.object ? manifest : { ...manifest, object };
  });
  const wanted = [
    ...Object.keys(overrides.replicas).map((name) => `replicas of ${name}`),
    ...Object.keys(overrides.config).map((name) => `ConfigMap ${name}`),
    ...Object.keys(overrides.secrets).map((name) => `Secret ${name}`),
  ];
  const unused = wanted.filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw new DeliveryError(
      'ManifestInvalid',
      `the overrides name what no manifest has: ${unused.join(', ')}`,
      {
        hint: 'Correct the name in the overrides file, or add the object to the manifest files.',
      },
    );
  }
  return result;
}

function override(object: KubernetesObject, overrides: Overrides, used: Set<string>): KubernetesObject {
  const name = object.metadata.name ?? '';
  const isCore = object.apiVersion === 'v1';
  if (isCore && object.kind === 'ConfigMap') {
    const keys = overrides.config[name];
    if (keys === undefined) return object;
    used.add(`ConfigMap ${name}`);
    return withData(object, keys);
  }
  if (isCore && object.kind === 'Secret') {
    const keys = overrides.secrets[name];
    if (keys === undefined) return object;
    used.add(`Secret ${name}`);
    const encoded = Object.entries(keys).map(
      ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
    );
    return withData(object, Object.fromEntries(encoded));
  }
  const key = [`${object.kind}/${name}`, name].find((candidate) =>
    Object.hasOwn(overrides.replicas, candidate),
  );
  const isScalable = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout'].includes(
    object.kind,
  );
  const spec = fieldAt(object, 'spec');
  if (key === undefined || !isScalable || !isObject(spec)) return object;
  used.add(`replicas of ${key}`);
  return { ...object, spec: { ...spec, replicas: overrides.replicas[key] } };
}

function withData(object: KubernetesObject, keys: Readonly<Record<string, string>>): KubernetesObject {
  const { data } = object;
  return { ...object, data: { ...(isObject(data) ? data : {}), ...keys } };
}

function invalid(name: string, why: string): DeliveryError {
  return new DeliveryError('FileInvalid', `${name}: ${why}`, {
    hint: 'An overrides file holds replicas (workload: number), config and secrets (object: key: text) and patches, all optional: see docs/aks-deploy.md.',
  });
}
