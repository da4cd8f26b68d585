import { signedBy, type Attestation } from './attestation.ts';
import { shortDigest, type Digest } from './digest.ts';
import type { VerificationKey } from './dsse.ts';
import { parseDuration, formatDuration } from './duration.ts';
import { DeliveryError } from './errors.ts';

/** What must be proven of every image before it goes further: one line of the input `requireEvidence`. */
export interface EvidenceRule {
  readonly gate: string;
  readonly environment: string;
  /** Milliseconds since the newest verdict. */
  readonly maxAge?: number;
  /** Milliseconds that must have gone by since the digest was first accepted there. */
  readonly minSoak?: number;
  /** Whether evidence that nobody signed will do. */
  readonly unsigned: boolean;
}

export interface EvidenceImage {
  readonly image: string;
  readonly digest: Digest;
  /** All attestations found at the image in the registry. */
  readonly attestations: readonly Attestation[];
}

/** A verdict that a rule was satisfied by. */
export interface AcceptedEvidence {
  readonly image: string;
  readonly digest: Digest;
  readonly gate: string;
  readonly environment: string;
  /** The referrer that holds it. */
  readonly manifest: Digest;
  readonly finishedAt: string;
  /** The signer's key; undefined when unsigned evidence was let pass. */
  readonly keyId: string | undefined;
}

export interface EvidenceDecision {
  readonly accepted: readonly AcceptedEvidence[];
  /** One line for each image and rule that lacks its evidence. Empty: all is proven. */
  readonly missing: readonly string[];
}

/** Clocks of agents differ a little; a verdict from further ahead is from no honest clock. */
const clockSkew = 5 * 60_000;

const ruleFields = ['gate', 'environment', 'maxAge', 'minSoak', 'unsigned'] as const;

/**
 * Reads the lines of `requireEvidence`: `gate=acceptance environment=staging maxAge=7d minSoak=1h`. Fields are separated
 * by blanks or commas; `gate` and `environment` are needed; `unsigned=allow` takes evidence that nobody signed.
 * @throws DeliveryError `InputInvalid`
 */
export function parseEvidenceRules(
  lines: readonly string[],
  input = 'requireEvidence',
): readonly EvidenceRule[] {
  return lines.map((line) => parseRule(line, input));
}

function parseRule(line: string, input: string): EvidenceRule {
  const refuse = (why: string): never => {
    throw new DeliveryError('InputInvalid', `input "${input}", line "${line}": ${why}`, {
      hint: 'Write for example: gate=acceptance environment=staging maxAge=7d minSoak=1h',
    });
  };
  const fields = new Map<string, string>();
  for (const part of line.split(/[\s,]+/).filter((text) => text !== '')) {
    const equals = part.indexOf('=');
    const name = ruleFields.find((field) => field === part.slice(0, equals));
    if (equals < 1 || name === undefined) refuse(`"${part}" is not one of ${ruleFields.join('=, ')}=`);
    else if (fields.has(name)) refuse(`${name} is there twice`);
    else fields.set(name, part.slice(equals + 1));
  }
  const duration = (name: string): number | undefined => {
    const text = fields.get(name);
    if (text === undefined) return undefined;
    return parseDuration(text) ?? refuse(`${name} is "${text}", which is no duration such as 7d or 1h30m`);
  };
  const needed = (name: string): string => {
    const text = fields.get(name);
    return text === undefined || text === '' ? refuse(`${name}= is missing`) : text;
  };
  const unsigned = fields.get('unsigned');
  if (unsigned !== undefined && unsigned !== 'allow') refuse('unsigned can only be "allow"');
  const maxAge = duration('maxAge');
  const minSoak = duration('minSoak');
  return {
    gate: needed('gate'),
    environment: needed('environment'),
    unsigned: unsigned === 'allow',
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(minSoak === undefined ? {} : { minSoak }),
  };
}

/**
 * Whether every rule holds for every image. Believed is what names the very digest and is signed by one of the keys; of
 * that the newest verdict decides, so that a later failure withdraws an earlier pass.
 * @param now milliseconds since the epoch
 */
export function assessEvidence(
  rules: readonly EvidenceRule[],
  images: readonly EvidenceImage[],
  keys: readonly VerificationKey[],
  now: number,
): EvidenceDecision {
  const accepted: AcceptedEvidence[] = [];
  const missing: string[] = [];
  for (const image of images) {
    for (const rule of rules) {
      const found = assessOne(rule, image, keys, now);
      if (typeof found === 'string') {
        missing.push(
          `${image.image} ${shortDigest(image.digest)}: gate ${rule.gate} in ${rule.environment}: ${found}`,
        );
      } else accepted.push(found);
    }
  }
  return { accepted, missing };
}

interface Believed {
  readonly attestation: Attestation;
  readonly at: number;
  readonly keyId: string | undefined;
}

function assessOne(
  rule: EvidenceRule,
  { image, digest, attestations }: EvidenceImage,
  keys: readonly VerificationKey[],
  now: number,
): AcceptedEvidence | string {
  const about = attestations.filter(
    ({ statement }) => statement.gate === rule.gate && statement.environment === rule.environment,
  );
  if (about.length === 0) return 'there is no evidence';
  const named = about.filter(({ statement }) =>
    statement.subjects.some((subject) => subject.digest === digest),
  );
  if (named.length === 0) return 'the evidence attached to it is about other digests';
  const believed = named.flatMap((attestation): Believed[] => {
    const key = signedBy(attestation, keys);
    if (key === undefined && !(rule.unsigned && attestation.envelope === undefined)) return [];
    return [{ attestation, at: Date.parse(attestation.statement.finishedAt), keyId: key?.keyId }];
  });
  if (believed.length === 0) {
    return named.every(({ envelope }) => envelope === undefined)
      ? 'the evidence is not signed'
      : 'none of the signatures is by a trusted key';
  }
  const newest = believed.reduce((one, other) => (other.at > one.at ? other : one));
  const { statement } = newest.attestation;
  if (newest.at > now + clockSkew)
    return `the newest verdict is of ${statement.finishedAt}, which is to come`;
  if (statement.verdict !== 'passed') {
    return `the newest verdict, of ${statement.finishedAt}, is ${statement.verdict}: ${statement.reason}`;
  }
  const age = now - newest.at;
  if (rule.maxAge !== undefined && age > rule.maxAge) {
    return `the newest pass is ${formatDuration(age)} old, allowed are ${formatDuration(rule.maxAge)}`;
  }
  if (rule.minSoak !== undefined) {
    const passes = believed.filter((one) => one.attestation.statement.verdict === 'passed');
    const soaked = now - Math.min(...passes.map((one) => one.at));
    if (soaked < rule.minSoak) {
      return `it was first accepted there ${formatDuration(Math.max(0, soaked))} ago, needed are ${formatDuration(rule.minSoak)}`;
    }
  }
  return {
    image,
    digest,
    gate: rule.gate,
    environment: rule.environment,
    manifest: newest.attestation.manifest,
    finishedAt: statement.finishedAt,
    keyId: newest.keyId,
  };
}
