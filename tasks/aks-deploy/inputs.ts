import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import { DeliveryError } from '../../core/model/errors.ts';
import { parseImageField, type ImageField } from '../../core/model/image-substitution.ts';
import { parseRegistry } from '../../core/model/reference.ts';
import type { Release } from '../../core/model/release.ts';
import type { Overrides } from '../../core/model/overrides.ts';
import type { OnFailure } from '../../core/operations/deploy/request.ts';
import { readRequiredEvidence, type RequiredEvidence } from '../evidence.ts';
import { hostOf } from '../registry-access.ts';
import { readRelease } from '../release-file.ts';
import { readOverrides } from './overrides-files.ts';
import { readStrategy, type StrategyInputs } from './strategy-inputs.ts';

const actions = [
  'deploy',
  'diff',
  'validate',
  'rollback',
  'delete',
  'preflight',
  'advance',
  'promote',
  'reject',
] as const;

/** Actions that take everything from what the cluster keeps: nothing is rendered for them. */
export function isFromCluster(action: DeployInputs['action']): boolean {
  return action === 'rollback' || action === 'advance' || action === 'promote' || action === 'reject';
}

export interface DeployInputs {
  readonly action: (typeof actions)[number];
  /** Which deployments belong together. */
  readonly deploymentName: string;
  readonly prune: boolean;
  /** The release to go back to; undefined is the one before. */
  readonly rollbackTo: string | undefined;
  readonly releaseFile: string | undefined;
  readonly release: Release | undefined;
  readonly manifests: readonly string[];
  /** A folder with a kustomization.yaml. Absolute. */
  readonly kustomization: string | undefined;
  /** A folder or .tgz below the working directory, or `oci://registry/path@digest`. */
  readonly helmChart: string | undefined;
  readonly releaseName: string | undefined;
  readonly valuesFiles: readonly string[];
  /** YAML. */
  readonly values: string | undefined;
  readonly overrides: Overrides;
  /** Whether pods are replaced when the configuration that they read changes. */
  readonly configHash: boolean;
  /** Components of the release; none means all. */
  readonly images: readonly string[];
  readonly containers: readonly string[];
  readonly allowUnpinned: readonly string[];
  readonly imageFields: readonly ImageField[];
  /** Where the cluster is to pull from. */
  readonly registry: string | undefined;
  readonly pullRegistry: ContainerRegistryConnection | undefined;
  /** What must lie beside the images, signed. */
  readonly evidence: RequiredEvidence;
  /** Who reads it there; the pull registry's connection otherwise. */
  readonly evidenceRegistry: ContainerRegistryConnection | undefined;
  readonly pullSecrets: readonly string[];
  readonly namespace: string | undefined;
  readonly environment: string | undefined;
  readonly force: boolean;
  readonly onFailure: OnFailure;
  readonly strategy: StrategyInputs;
  /** In milliseconds. */
  readonly timeout: number;
  /** Whether a preflight lets a pod try to pull. */
  readonly preflightPull: boolean;
}

const minute = 60_000;

/** Everything that can be refused without asking anybody is refused here. */
export function readInputs(agent: Agent): DeployInputs {
  const { inputs } = agent;
  const releaseFile = inputs.text('releaseFile') === undefined ? undefined : inputs.path('releaseFile');
  const containers = inputs.lines('containers');
  const action = inputs.oneOf('action', actions, 'deploy');
  const manifests = inputs.lines('manifests');
  const kustomization =
    inputs.text('kustomizationPath') === undefined ? undefined : inputs.path('kustomizationPath');
  const helmChart = inputs.text('helmChart');
  const hasSource = manifests.length > 0 || kustomization !== undefined || helmChart !== undefined;
  if (!isFromCluster(action) && action !== 'preflight' && !hasSource) inputs.required('manifests');
  const pullRegistry =
    inputs.text('containerRegistry') === undefined
      ? undefined
      : agent.connections.containerRegistry('containerRegistry');
  return {
    action,
    deploymentName:
      inputs.parsed('deploymentName', parseDeploymentName) ?? slug(agent.system.run.pipeline.name),
    prune: inputs.flag('prune'),
    rollbackTo: inputs.text('rollbackTo'),
    releaseFile,
    release: releaseFile === undefined ? undefined : readRelease(releaseFile),
    manifests,
    kustomization,
    helmChart,
    releaseName: inputs.text('releaseName'),
    valuesFiles: inputs.lines('valuesFiles'),
    values: inputs.text('values'),
    overrides: readOverrides(agent, inputs.lines('overrides')),
    configHash: inputs.flag('configHash', true),
    images: inputs.lines('images').flatMap(words),
    containers,
    allowUnpinned: inputs.lines('allowUnpinned').flatMap(words),
    imageFields: inputs.lines('imageFields').map(parseImageField),
    registry:
      inputs.parsed('imageRegistry', parseRegistry) ??
      (pullRegistry === undefined ? undefined : hostOf(pullRegistry)),
    pullRegistry,
    evidence: readRequiredEvidence(agent),
    evidenceRegistry:
      inputs.text('evidenceRegistry') === undefined
        ? undefined
        : agent.connections.containerRegistry('evidenceRegistry'),
    pullSecrets: inputs.lines('imagePullSecrets').flatMap(words),
    namespace: inputs.parsed('namespace', parseNamespace),
    environment: inputs.text('environment') ?? agent.system.run.environment?.name,
    force: inputs.flag('force'),
    onFailure: inputs.oneOf('onFailure', ['rollback', 'keep'], 'rollback'),
    strategy: readStrategy(agent),
    timeout: inputs.duration('timeout', { min: 1000, max: 24 * 60 * minute, otherwise: 10 * minute }),
    preflightPull: inputs.flag('preflightPull', true),
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

/** A name of Kubernetes's own, with room for what is put before and behind it. */
function parseDeploymentName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/.test(text)) return text;
  throw new DeliveryError('InputInvalid', `"${text}" is not a deployment name`, {
    hint: 'A deployment name is at most 42 lower-case letters, digits and "-".',
  });
}

function slug(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 42)
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'default' : name;
}
