import { objectsAt, type KubernetesObject } from './kubernetes-object.ts';
import type { ManifestObject } from './manifest-object.ts';
import { changeAt, podSpecPath } from './pod-template.ts';

/** What nodes sign in to a registry with. */
export interface RegistryLogin {
  /** `contoso.azurecr.io` */
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/** The Secret that lets pods of a namespace pull from a registry (API reference, `kubernetes.io/dockerconfigjson`). */
export function pullSecret(name: string, namespace: string, login: RegistryLogin): KubernetesObject {
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const config = { auths: { [login.host]: { username: login.username, password: login.password, auth } } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
  };
}

/** Lets every pod spec name the secrets, each once; what it names already stays in its place. */
export function attachPullSecrets(
  manifests: readonly ManifestObject[],
  names: readonly string[],
): readonly ManifestObject[] {
  if (names.length === 0) return manifests;
  return manifests.map((manifest) => {
    const path = podSpecPath(manifest.object.kind);
    if (path === undefined) return manifest;
    const object = changeAt(manifest.object, path, (spec) => {
      const present = objectsAt(spec, 'imagePullSecrets');
      const known = new Set(present.map((entry) => entry['name']));
      const missing = [...new Set(names)].filter((name) => !known.has(name));
      return missing.length === 0
        ? spec
        : { ...spec, imagePullSecrets: [...present, ...missing.map((name) => ({ name }))] };
    });
    return object === manifest.object ? manifest : { ...manifest, object };
  });
}
