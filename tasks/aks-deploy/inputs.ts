import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import { parseImageField, type ImageField } from '../../core/model/image-substitution.ts';
import { parseRegistry } from '../../core/model/reference.ts';
import type { Release } from '../../core/model/release.ts';
import type { OnFailure } from '../../core/operations/deploy/request.ts';
import { hostOf } from '../registry-access.ts';
import { readRelease } from '../release-file.ts';

const actions = ['deploy', 'diff'] as const;

export interface DeployInputs {
  readonly action: (typeof actions)[number];
  readonly releaseFile: string | undefined;
  readonly release: Release | undefined;
  readonly manifests: readonly string[];
  /** Components of the release; none means all. */
  readonly images: readonly string[];
  readonly containers: readonly string[];
  readonly allowUnpinned: readonly string[];
  readonly imageFields: readonly ImageField[];
  /** Where the cluster is to pull from. */
  readonly registry: string | undefined;
  readonly pullRegistry: ContainerRegistryConnection | undefined;
  readonly pullSecrets: readonly string[];
  readonly namespace: string | undefined;
  readonly environment: string | undefined;
  readonly force: boolean;
  readonly onFailure: OnFailure;
  /** In milliseconds. */
  readonly timeout: number;
}

const minute = 60_000;

/** Everything that can be refused without asking anybody is refused here. */
export function readInputs(agent: Agent): DeployInputs {
  const { inputs } = agent;
  const releaseFile = inputs.text('releaseFile') === undefined ? undefined : inputs.path('releaseFile');
  const containers = inputs.lines('containers');
  if (releaseFile === undefined && containers.length === 0) inputs.required('releaseFile');
  const manifests = inputs.lines('manifests');
  if (manifests.length === 0) inputs.required('manifests');
  const pullRegistry =
    inputs.text('containerRegistry') === undefined
      ? undefined
      : agent.connections.containerRegistry('containerRegistry');
  return {
    action: inputs.oneOf('action', actions, 'deploy'),
    releaseFile,
    release: releaseFile === undefined ? undefined : readRelease(releaseFile),
    manifests,
    images: inputs.lines('images').flatMap(words),
    containers,
    allowUnpinned: inputs.lines('allowUnpinned').flatMap(words),
    imageFields: inputs.lines('imageFields').map(parseImageField),
    registry:
      inputs.parsed('imageRegistry', parseRegistry) ??
      (pullRegistry === undefined ? undefined : hostOf(pullRegistry)),
    pullRegistry,
    pullSecrets: inputs.lines('imagePullSecrets').flatMap(words),
    namespace: inputs.parsed('namespace', parseNamespace),
    environment: inputs.text('environment') ?? agent.system.run.environment?.name,
    force: inputs.flag('force'),
    onFailure: inputs.oneOf('onFailure', ['rollback', 'keep'], 'rollback'),
    timeout: inputs.duration('timeout', { min: 1000, max: 24 * 60 * minute, otherwise: 10 * minute }),
  };
}

function words(line: string): readonly string[] {
  return line.split(/[\s,]+/).filter((word) => word !== '');
}

/** RFC 1123 label, as the API server wants namespaces (Kubernetes, "Object Names and IDs"). */
function parseNamespace(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new DeliveryError('InputInvalid', `"${text}" is not a namespace`, {
    hint: 'A namespace is at most 63 lower-case letters, digits and "-".',
  });
}
