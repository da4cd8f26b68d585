import type { Agent } from '../../core/host/agent.ts';
import { substituteImages, type Replacement } from '../../core/model/image-substitution.ts';
import type { ManifestObject } from '../../core/model/manifest-object.ts';
import { podSpecPath } from '../../core/model/pod-template.ts';
import { attachPullSecrets, pullSecret, type RegistryLogin } from '../../core/model/pull-secret.ts';
import {
  chooseImages,
  deployedImages,
  wantedFromEntries,
  wantedFromRelease,
} from '../../core/model/wanted-images.ts';
import type { DeployedImage } from '../../core/model/release.ts';
import { withConfigHashes } from '../../core/model/config-hash.ts';
import type { Deadline } from '../../core/model/ports.ts';
import type { DeployInputs } from './inputs.ts';
import { renderSources } from './render.ts';

/** What is to be applied, with its images in place. */
export interface RenderedManifests {
  readonly manifests: readonly ManifestObject[];
  readonly replacements: readonly Replacement[];
  readonly images: readonly DeployedImage[];
}

/** Renders the sources and puts the release's digests in. Nothing is asked of the cluster. */
export async function renderManifests(
  agent: Agent,
  inputs: DeployInputs,
  deadline: Deadline,
): Promise<RenderedManifests> {
  const { release } = inputs;
  const chosen = release === undefined ? [] : chooseImages(release, inputs.images, inputs.registry);
  const wanted = [
    ...(release === undefined ? [] : wantedFromRelease(release, chosen)),
    ...wantedFromEntries(inputs.containers, inputs.allowUnpinned),
  ];
  const sources = await renderSources(agent, inputs, deadline);
  const { manifests, replacements } = substituteImages(sources, wanted, inputs);
  return { manifests, replacements, images: deployedImages(chosen) };
}

/** Pods are replaced when the configuration that they read changes. Before pull secrets come in: they change by themselves. */
export function withConfiguration(
  manifests: readonly ManifestObject[],
  inputs: DeployInputs,
  namespace: string,
): readonly ManifestObject[] {
  return inputs.configHash ? withConfigHashes(manifests, namespace) : manifests;
}

/** The name of the pull secret when the author gives none: one per registry, so that two deployments agree. */
function secretName(login: RegistryLogin): string {
  return `pull-${login.host.replaceAll(/[^a-z0-9-]/g, '-')}`;
}

/** The manifests with their pull secrets: named in every pod spec, and the one that we hold the login of made and kept. */
export function withPullSecrets(
  manifests: readonly ManifestObject[],
  names: readonly string[],
  login: RegistryLogin | undefined,
  namespace: string,
): readonly ManifestObject[] {
  if (login === undefined) return attachPullSecrets(manifests, names);
  const name = names[0] ?? secretName(login);
  const namespaces = new Set(
    manifests
      .filter(({ object }) => podSpecPath(object.kind) !== undefined)
      .map(({ object }) => object.metadata.namespace ?? namespace),
  );
  const secrets = [...namespaces].map((each) => ({
    object: pullSecret(name, each, login),
    origin: 'containerRegistry',
  }));
  return [...secrets, ...attachPullSecrets(manifests, names.length === 0 ? [name] : names)];
}
