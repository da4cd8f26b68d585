import { withMetadata } from '../../core/model/kubernetes-object.ts';
import type { ManifestObject } from '../../core/model/manifest-object.ts';
import { removeAnnotation, replaceAnnotation } from '../../core/model/lifecycle.ts';
import { waveAnnotation } from '../../core/model/waves.ts';
import { hooksOf, type HelmHook, type HookEvent } from '../../core/render/helm-hooks.ts';
import { readManifest } from '../../core/render/manifest-objects.ts';

// Far from any wave that an author writes.
const firstWave = 100_000;

/**
 * Helm's hooks of a deployment as waves of their own: those before it, each weight after the other, and those after it,
 * every one waited for. Install and upgrade are one thing to us as they are to Argo CD: `pre-install` and `pre-upgrade`
 * hooks run before every deployment that changes something about them. Tests and deletion hooks are not run.
 */
export function hookManifests(hooks: readonly HelmHook[], name: string): readonly ManifestObject[] {
  const ordered = (first: HookEvent, second: HookEvent): readonly HelmHook[] => [
    ...new Set([...hooksOf(hooks, first), ...hooksOf(hooks, second)]),
  ];
  const before = ordered('pre-install', 'pre-upgrade');
  const after = ordered('post-install', 'post-upgrade');
  return [
    ...before.flatMap((hook, index) => manifestsOf(hook, index - firstWave, name)),
    ...after.flatMap((hook, index) => manifestsOf(hook, firstWave + index, name)),
  ];
}

function manifestsOf(hook: HelmHook, wave: number, name: string): readonly ManifestObject[] {
  const annotations = {
    [waveAnnotation]: String(wave),
    ...(hook.deletePolicies.includes('before-hook-creation') ? { [replaceAnnotation]: 'true' } : {}),
    ...(hook.deletePolicies.includes('hook-succeeded') ? { [removeAnnotation]: 'succeeded' } : {}),
  };
  return readManifest(hook.manifest, `${name}, ${hook.path}`).map((manifest) => ({
    ...manifest,
    object: withMetadata(manifest.object, {
      annotations: { ...manifest.object.metadata.annotations, ...annotations },
    }),
  }));
}
