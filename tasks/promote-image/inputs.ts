import type { Agent } from '../../core/host/agent.ts';
import type { ContainerRegistryConnection } from '../../core/host/connections.ts';
import type { AzureCloud } from '../../core/model/azure-cloud.ts';
import type { AzureIdentity } from '../../core/model/azure-identity.ts';
import { DeliveryError, messageOf } from '../../core/model/errors.ts';
import type { PromotionMode } from '../../core/model/promotion-method.ts';
import { parseTag, type Repository } from '../../core/model/reference.ts';
import { locationsOf, type Release } from '../../core/model/release.ts';
import type { PromotionItem } from '../../core/operations/promote/request.ts';
import { hostOf } from '../registry-access.ts';
import { readRequiredEvidence, type RequiredEvidence } from '../evidence.ts';
import { readRelease } from '../release-file.ts';

export interface PromoteInputs {
  readonly releaseFile: string;
  readonly release: Release;
  readonly source: ContainerRegistryConnection | undefined;
  readonly target: ContainerRegistryConnection;
  readonly items: readonly PromotionItem[];
  readonly mode: PromotionMode;
  /** The Azure identity that imports; undefined has no way to. */
  readonly azure: AzureIdentityInCloud | undefined;
  /** How long one import may take, in milliseconds. */
  readonly importTimeout: number;
  readonly allowedSources: readonly string[];
  readonly requiredEvidence: readonly string[];
  /** What must lie beside the images, signed. */
  readonly evidence: RequiredEvidence;
  readonly withReferrers: boolean;
  readonly allowTagMove: boolean;
  readonly dryRun: boolean;
  readonly lock: boolean;
  readonly withStatement: boolean;
  readonly concurrency: number;
  /** In milliseconds. */
  readonly timeout: number;
}

/** An identity, the cloud that it is one of, and the service connection that it is of. */
export interface AzureIdentityInCloud {
  readonly input: string;
  readonly id: string;
  readonly identity: AzureIdentity;
  readonly cloud: AzureCloud;
}

const minute = 60_000;

export function readInputs(agent: Agent): PromoteInputs {
  const { inputs } = agent;
  inputs.required('releaseFile');
  const releaseFile = inputs.path('releaseFile') ?? '';
  const source =
    inputs.text('sourceRegistry') === undefined
      ? undefined
      : agent.connections.containerRegistry('sourceRegistry');
  const target = agent.connections.containerRegistry('containerRegistry');
  const release = readRelease(releaseFile);
  return {
    releaseFile,
    release,
    source,
    target,
    items: itemsOf(release, source, target, tagsOf(inputs.lines('tags'), release)),
    mode: inputs.oneOf('mode', ['auto', 'import', 'copy'], 'auto'),
    azure: azureOf(agent, target),
    importTimeout: inputs.duration('importTimeout', { min: 10_000, otherwise: 20 * minute }),
    allowedSources: words(inputs.lines('allowedSources')),
    requiredEvidence: inputs.lines('requireEvidence').filter((line) => !line.includes('=')),
    evidence: readRequiredEvidence(agent),
    withReferrers: inputs.flag('referrers', true),
    allowTagMove: inputs.flag('allowTagMove'),
    dryRun: inputs.flag('dryRun'),
    lock: inputs.flag('lock'),
    withStatement: inputs.flag('statement', true),
    concurrency: inputs.integer('concurrency', { min: 1, max: 64, otherwise: 16 }),
    timeout: inputs.duration('timeout', { min: 10_000, otherwise: 60 * minute }),
  };
}

/** A subscription's connection when one is named, or else the identity behind the target's. */
function azureOf(agent: Agent, target: ContainerRegistryConnection): AzureIdentityInCloud | undefined {
  if (agent.inputs.text('azureSubscription') !== undefined) {
    return agent.connections.azureResourceManager('azureSubscription');
  }
  return target.registry === 'azure' ? target : undefined;
}

function words(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(/[\s,]+/)).filter((word) => word !== '');
}

function tagsOf(lines: readonly string[], release: Release): readonly string[] {
  const tags = words(lines);
  return [...new Set(tags.length === 0 ? [release.name] : tags)].map(parseTagInput);
}

function parseTagInput(text: string): string {
  try {
    return parseTag(text);
  } catch (error) {
    throw new DeliveryError('InputInvalid', `tags: ${messageOf(error)}`, {
      hint: 'A tag is up to 128 letters, digits, "_", "." and "-", and begins with neither "." nor "-". By default it is the name of the release.',
      cause: error,
    });
  }
}

function itemsOf(
  release: Release,
  source: ContainerRegistryConnection | undefined,
  target: ContainerRegistryConnection,
  tags: readonly string[],
): readonly PromotionItem[] {
  return release.images.map((image) => {
    const from = sourceOf(locationsOf(release, image), source);
    const to: Repository = { registry: hostOf(target), path: image.repository.path };
    return { image, from, to, tags };
  });
}

/** Of the places where the image is recorded to be, the one that the source connection is for; else where it was resolved. */
function sourceOf(
  locations: readonly Repository[],
  source: ContainerRegistryConnection | undefined,
): Repository {
  const [first] = locations;
  if (first === undefined) throw new Error('an image is somewhere');
  if (source === undefined) return first;
  return locations.find(({ registry }) => registry === hostOf(source)) ?? first;
}
