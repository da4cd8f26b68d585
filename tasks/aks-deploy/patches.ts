import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent } from '../../core/host/agent.ts';
import type { JsonObject } from '../../core/model/json.ts';
import { objectKey } from '../../core/model/kubernetes-object.ts';
import type { ManifestObject } from '../../core/model/manifest-object.ts';
import type { Engines } from '../../core/render/engines.ts';
import { renderKustomize } from '../../core/render/kustomize.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';

/**
 * Applies strategic merge and JSON 6902 patches by Kustomize itself, so that they mean here what they mean there. Secrets
 * are not given to it, because the engine reads files and a secret value is never written to one: `secrets` is their way.
 */
export async function applyPatches(
  agent: Agent,
  engines: Engines,
  manifests: readonly ManifestObject[],
  patches: readonly JsonObject[],
  signal: AbortSignal,
): Promise<readonly ManifestObject[]> {
  if (patches.length === 0) return manifests;
  const isPatched = ({ object }: ManifestObject): boolean =>
    object.kind !== 'Secret' && object.metadata.name !== undefined;
  const origins = new Map(manifests.map(({ object, origin }) => [objectKey(object), origin]));
  const directory = await mkdtemp(join(agent.tempDirectory, 'overrides-'));
  try {
    // JSON is YAML: one object a document.
    const resources = manifests.filter(isPatched).map(({ object }) => JSON.stringify(object));
    await writeFile(join(directory, 'resources.yaml'), resources.join('\n---\n'));
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['resources.yaml'],
      patches: patches.map((patch) => ({ ...patch, patch: textOf(patch['patch']) })),
    };
    await writeFile(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
    const result = await renderKustomize(engines, { directory, root: directory, signal });
    const patched = readManifest(result.manifests, 'overrides').map((manifest) => ({
      ...manifest,
      origin: origins.get(objectKey(manifest.object)) ?? manifest.origin,
    }));
    return [...patched, ...manifests.filter((manifest) => !isPatched(manifest))];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function textOf(patch: unknown): string {
  return typeof patch === 'string' ? patch : JSON.stringify(patch);
}
