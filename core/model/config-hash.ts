import { createHash } from 'node:crypto';
import { isObject } from './json.ts';
import { fieldAt, objectsAt, textAt, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';
import { changeAt, podSpecPath, podTemplatePath } from './pod-template.ts';

/** On the pods' template: what their configuration was. Another hash is another template, and so another rollout. */
export const configHashAnnotation = 'aks-delivery/config-hash';

/**
 * Gives every workload the hash of the ConfigMaps and Secrets of this deployment that its pods read, so that a change of
 * configuration replaces the pods, and going back replaces them again. Configuration from elsewhere is not ours to follow.
 */
export function withConfigHashes(
  manifests: readonly ManifestObject[],
  namespace: string,
): readonly ManifestObject[] {
  const place = (object: KubernetesObject): string => object.metadata.namespace ?? namespace;
  const content = new Map<string, unknown>();
  for (const { object } of manifests) {
    if (object.apiVersion !== 'v1' || (object.kind !== 'ConfigMap' && object.kind !== 'Secret')) continue;
    const { data, binaryData } = object;
    content.set(`${object.kind} ${place(object)}/${object.metadata.name ?? ''}`, [data, binaryData]);
  }
  return manifests.map((manifest) => {
    const { object } = manifest;
    const [templatePath, specPath] = [podTemplatePath(object.kind), podSpecPath(object.kind)];
    // A Job's template can not change once it is there; its next run is a new Job anyway.
    if (templatePath === undefined || specPath === undefined || object.kind === 'Job') return manifest;
    const read = [...configurationOf(fieldAt(object, ...specPath))]
      .map((name) => name.replace(' ', ` ${place(object)}/`))
      .filter((key) => content.has(key))
      .sort();
    if (read.length === 0) return manifest;
    const hash = createHash('sha256');
    for (const key of read) hash.update(`${key}\n${canonical(content.get(key))}\n`);
    return { ...manifest, object: annotateTemplate(object, templatePath, hash.digest('hex').slice(0, 16)) };
  });
}

function annotateTemplate(object: KubernetesObject, path: readonly string[], hash: string): KubernetesObject {
  return changeAt(object, path, (template) => {
    const metadata = isObject(template['metadata']) ? template['metadata'] : {};
    const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {};
    return {
      ...template,
      metadata: { ...metadata, annotations: { ...annotations, [configHashAnnotation]: hash } },
    };
  });
}

/** `ConfigMap settings`, `Secret keys`: everything that a pod spec reads by name. Pull secrets are not configuration. */
function configurationOf(spec: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (kind: 'ConfigMap' | 'Secret', name: string | undefined): void => {
    if (name !== undefined) names.add(`${kind} ${name}`);
  };
  for (const list of ['initContainers', 'containers']) {
    for (const container of objectsAt(spec, list)) {
      for (const source of objectsAt(container, 'envFrom')) {
        add('ConfigMap', textAt(source, 'configMapRef', 'name'));
        add('Secret', textAt(source, 'secretRef', 'name'));
      }
      for (const variable of objectsAt(container, 'env')) {
        add('ConfigMap', textAt(variable, 'valueFrom', 'configMapKeyRef', 'name'));
        add('Secret', textAt(variable, 'valueFrom', 'secretKeyRef', 'name'));
      }
    }
  }
  for (const volume of objectsAt(spec, 'volumes')) {
    for (const source of [volume, ...objectsAt(volume, 'projected', 'sources')]) {
      add('ConfigMap', textAt(source, 'configMap', 'name'));
      add('Secret', textAt(source, 'secret', 'secretName') ?? textAt(source, 'secret', 'name'));
    }
  }
  return names;
}

/** The same text for the same content, in whatever order its author wrote it. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return value === undefined ? 'null' : JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`;
}
