import { nameForLog } from './azure-cloud.ts';
import type { Descriptor } from './descriptor.ts';
import { shortDigest, type Digest } from './digest.ts';
import type { Repository } from './reference.ts';

/** What a promotion will do, known and shown before it does anything. */
export interface PromotionPlan {
  readonly method: 'copy' | 'import';
  /** Why this method, in one line. */
  readonly why: string;
  readonly images: readonly ImagePlan[];
  readonly blobs: BlobTotals;
}

export interface ImagePlan {
  readonly name: string;
  readonly from: Repository;
  readonly to: Repository;
  readonly digest: Digest;
  readonly platforms: readonly string[];
  readonly tags: readonly TagPlan[];
  readonly manifests: { readonly total: number; readonly present: number };
  /** Signatures, bills of materials and other things attached, by their artifact type. */
  readonly referrers: readonly Descriptor[];
  /** Tags that tools derive from a digest: cosign's `.sig`, `.att`, `.sbom`. */
  readonly digestTags: readonly string[];
  /** Layers that stay where their publisher keeps them. */
  readonly leftOut: readonly Descriptor[];
}

export interface TagPlan {
  readonly tag: string;
  readonly state: 'new' | 'same' | 'moves';
  /** Where it points now, unless it is new. */
  readonly was?: Digest;
}

/** What happens to the blobs, each counted once per repository that needs it. */
export interface BlobTotals {
  readonly present: Amount;
  readonly mounted: Amount;
  readonly moved: Amount;
}

export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

export function amountOf(blobs: readonly Descriptor[]): Amount {
  return { count: blobs.length, bytes: blobs.reduce((sum, blob) => sum + blob.size, 0) };
}

/** The plan as a person reads it, one line per image and one for the blobs. */
export function formatPlan(plan: PromotionPlan): readonly string[] {
  return [
    `${plan.method}: ${plan.why}`,
    ...plan.images.flatMap(formatImage),
    plan.method === 'import'
      ? 'blobs: moved by the registry service; none passes this agent'
      : `blobs: ${formatAmount(plan.blobs.present)} present, ${formatAmount(plan.blobs.mounted)} to mount, ${formatAmount(plan.blobs.moved)} to move`,
  ];
}

function formatImage(image: ImagePlan): readonly string[] {
  const to = image.tags.map(formatTag).join(', ');
  const { total, present } = image.manifests;
  const facts = [
    image.platforms.length === 0 ? 'no platform' : image.platforms.join(' '),
    `${count(total, 'manifest')}${present === 0 ? '' : ` (${present} present)`}`,
    count(image.referrers.length, 'referrer') + types(image.referrers),
    ...(image.digestTags.length === 0 ? [] : [count(image.digestTags.length, 'signature tag')]),
    ...(image.leftOut.length === 0
      ? []
      : [`${count(image.leftOut.length, 'non-distributable layer')} left with its publisher`]),
  ];
  return [
    `${image.name}: ${nameForLog(image.from)}@${shortDigest(image.digest)} -> ${nameForLog(image.to)}${to === '' ? ', no tag' : ` as ${to}`}`,
    `${image.name}: ${facts.join('; ')}`,
  ];
}

function types(referrers: readonly Descriptor[]): string {
  const names = [...new Set(referrers.map((referrer) => referrer.artifactType ?? referrer.mediaType))];
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}

function formatTag(plan: TagPlan): string {
  if (plan.state === 'same') return `${plan.tag} (there already)`;
  return plan.was === undefined ? plan.tag : `${plan.tag} (moves from ${shortDigest(plan.was)})`;
}

function formatAmount(amount: Amount): string {
  return amount.count === 0 ? '0' : `${amount.count} (${formatBytes(amount.bytes)})`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** `1.5 MB`: decimal units, as registries and disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
