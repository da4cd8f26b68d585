import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/** What a resolved image says of itself: what rules are held against, and what the summary shows. */
export interface ImageFacts {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** All bytes behind the digest. */
  readonly size: number;
  /** `linux/amd64`, in the image's own order. */
  readonly platforms: readonly string[];
  /** One per platform. */
  readonly variants: readonly ImageVariant[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined when nobody asked. */
  readonly referrers: readonly Descriptor[] | undefined;
}

/** One platform's configuration (image-spec, config.md). */
export interface ImageVariant {
  readonly platform: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string | undefined;
}

/** The labels that image-spec reserves (annotations.md, "Pre-Defined Annotation Keys"). */
export const imageLabels = {
  revision: 'org.opencontainers.image.revision',
  version: 'org.opencontainers.image.version',
  source: 'org.opencontainers.image.source',
  created: 'org.opencontainers.image.created',
} as const;

/** A label's value, from the first platform that has it, or else the image's own annotation. */
export function labelOf(facts: ImageFacts, label: string): string | undefined {
  for (const { labels } of facts.variants) {
    if (labels[label] !== undefined && labels[label] !== '') return labels[label];
  }
  const annotation = facts.annotations[label];
  return annotation === '' ? undefined : annotation;
}

/** When the image was made: the latest of its platforms'. */
export function createdAtOf(facts: ImageFacts): string | undefined {
  const times = facts.variants
    .map(({ createdAt }) => createdAt)
    .filter((time): time is string => time !== undefined && !Number.isNaN(Date.parse(time)));
  const latest = times.sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1);
  return latest ?? facts.annotations[imageLabels.created];
}
