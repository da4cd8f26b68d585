import { createdAtOf, labelOf, type ImageFacts } from './image-facts.ts';
import type { ErrorCode } from './errors.ts';
import { formatBytes } from './promotion-plan.ts';

/** What an image must be to be released. What is undefined or empty is not asked. */
export interface ImageRules {
  /** `linux/amd64`: all of these must be there. */
  readonly platforms: readonly string[];
  /** Label to value, on every platform. */
  readonly labels: Readonly<Record<string, string>>;
  /** In milliseconds. */
  readonly maxAge: number | undefined;
  /** Artifact types; of each at least one must be attached. */
  readonly referrers: readonly string[];
  /** The image's own media type must be one of these. */
  readonly mediaTypes: readonly string[];
  /** In bytes, all platforms together. */
  readonly maxSize: number | undefined;
}

export const noRules: ImageRules = {
  platforms: [],
  labels: {},
  maxAge: undefined,
  referrers: [],
  mediaTypes: [],
  maxSize: undefined,
};

export interface Finding {
  readonly code: ErrorCode;
  /** In one line, without the image's name. */
  readonly message: string;
}

/** Everything about the image that breaks a rule. What cannot be known breaks the rule that asks for it. */
export function assessImage(facts: ImageFacts, rules: ImageRules, now: number): readonly Finding[] {
  return [
    ...platformFindings(facts, rules),
    ...labelFindings(facts, rules),
    ...ageFindings(facts, rules, now),
    ...referrerFindings(facts, rules),
    ...mediaTypeFindings(facts, rules),
    ...sizeFindings(facts, rules),
  ];
}

function platformFindings(facts: ImageFacts, rules: ImageRules): readonly Finding[] {
  const missing = rules.platforms.filter((platform) => !facts.platforms.includes(platform));
  if (missing.length === 0) return [];
  const has = facts.platforms.length === 0 ? 'none' : facts.platforms.join(', ');
  return [{ code: 'PlatformMissing', message: `it lacks ${missing.join(', ')}; it has ${has}` }];
}

function labelFindings(facts: ImageFacts, rules: ImageRules): readonly Finding[] {
  return Object.entries(rules.labels).flatMap(([label, expected]): readonly Finding[] => {
    const values =
      facts.variants.length === 0
        ? [labelOf(facts, label)]
        : facts.variants.map((variant) => variant.labels[label] ?? facts.annotations[label]);
    const wrong = [...new Set(values.filter((value) => value !== expected))];
    if (wrong.length === 0) return [];
    const found = wrong.map((value) => (value === undefined ? 'absent' : `"${value}"`)).join(' and ');
    return [{ code: 'LabelMismatch', message: `label ${label} is ${found}, not "${expected}"` }];
  });
}

function ageFindings(facts: ImageFacts, { maxAge }: ImageRules, now: number): readonly Finding[] {
  if (maxAge === undefined) return [];
  const created = Date.parse(createdAtOf(facts) ?? '');
  if (Number.isNaN(created)) return [{ code: 'ImageUnfit', message: 'it does not say when it was made' }];
  const age = now - created;
  if (age <= maxAge) return [];
  return [{ code: 'ImageUnfit', message: `it is ${formatAge(age)} old, more than ${formatAge(maxAge)}` }];
}

function referrerFindings(facts: ImageFacts, rules: ImageRules): readonly Finding[] {
  const attached = new Set((facts.referrers ?? []).map((referrer) => referrer.artifactType));
  const missing = rules.referrers.filter((type) => !attached.has(type));
  return missing.map((type) => ({
    code: 'ImageUnfit',
    message: `nothing of type ${type} is attached to it`,
  }));
}

function mediaTypeFindings(facts: ImageFacts, rules: ImageRules): readonly Finding[] {
  if (rules.mediaTypes.length === 0 || rules.mediaTypes.includes(facts.mediaType)) return [];
  return [{ code: 'ImageUnfit', message: `its media type is ${facts.mediaType}` }];
}

function sizeFindings(facts: ImageFacts, { maxSize }: ImageRules): readonly Finding[] {
  if (maxSize === undefined || facts.size <= maxSize) return [];
  const message = `it is ${formatBytes(facts.size)}, more than ${formatBytes(maxSize)}`;
  return [{ code: 'ImageUnfit', message }];
}

function formatAge(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  return hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours.toFixed(1)} hours`;
}
