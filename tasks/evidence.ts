import { readFileSync } from 'node:fs';
import type { RegistryReader } from '../core/clients/registry/registry.ts';
import type { Agent } from '../core/host/agent.ts';
import { evidenceTypes, readAttestation, type Attestation } from '../core/model/attestation.ts';
import { mediaTypes, type ManifestContent } from '../core/model/descriptor.ts';
import { parseVerificationKeys, type VerificationKey } from '../core/model/dsse.ts';
import { DeliveryError, isDeliveryError, messageOf } from '../core/model/errors.ts';
import {
  assessEvidence,
  parseEvidenceRules,
  type AcceptedEvidence,
  type EvidenceRule,
} from '../core/model/evidence.ts';
import { artifactTypeOf, parseManifest, type ManifestDocument } from '../core/model/manifest-document.ts';
import { formatRepository, type Repository } from '../core/model/reference.ts';
import type { Digest } from '../core/model/digest.ts';
import type { Override } from '../core/model/release.ts';
import { runOf } from './release-file.ts';

/** What the inputs `requireEvidence`, `evidenceKeys` and `overrideEvidence` say. */
export interface RequiredEvidence {
  readonly rules: readonly EvidenceRule[];
  readonly keys: readonly VerificationKey[];
  readonly overrides: readonly {
    readonly gate: string;
    readonly environment: string;
    readonly reason: string;
  }[];
}

export interface EvidenceSubject {
  readonly image: string;
  readonly digest: Digest;
  /** Where the evidence is looked for: where the image is taken from. */
  readonly repository: Repository;
}

export interface EvidenceOutcome {
  readonly accepted: readonly AcceptedEvidence[];
  /** For `withOverrides`: what was gone on without. */
  readonly overrides: readonly Override[];
}

/**
 * @throws DeliveryError `InputInvalid`, `FileNotFound`: rules without keys, unless every rule takes unsigned evidence,
 *   can never be satisfied and are refused too
 */
export function readRequiredEvidence(agent: Agent): RequiredEvidence {
  const { inputs } = agent;
  // A line without fields names a gate or environment of the record, which the task judges itself.
  const rules = parseEvidenceRules(inputs.lines('requireEvidence').filter((line) => line.includes('=')));
  const path = inputs.path('evidenceKeys');
  const keys = path === undefined ? [] : parseVerificationKeys(readKeys(path), path);
  const needing = rules.find((rule) => !rule.unsigned);
  if (needing !== undefined && keys.length === 0) {
    throw new DeliveryError(
      'InputMissing',
      'input "evidenceKeys" is missing: requireEvidence wants signed evidence',
      {
        hint: 'Give a PEM file with the public keys of the gates that you trust, or write unsigned=allow on the line.',
      },
    );
  }
  const overrides = inputs.lines('overrideEvidence').map((line) => parseOverride(line, rules));
  return { rules, keys, overrides };
}

/** `acceptance/staging: why` */
function parseOverride(line: string, rules: readonly EvidenceRule[]): RequiredEvidence['overrides'][number] {
  const [, name = '', reason = ''] = /^([^:]+):(.*)$/.exec(line) ?? [];
  const rule = rules.find((candidate) => `${candidate.gate}/${candidate.environment}` === name.trim());
  if (rule !== undefined && reason.trim().length >= 10) {
    return { gate: rule.gate, environment: rule.environment, reason: reason.trim() };
  }
  const why =
    rule === undefined
      ? `"${name.trim()}" is not what requireEvidence asks for (${rules.map((one) => `${one.gate}/${one.environment}`).join(', ')})`
      : 'it gives no reason that a later reader could understand';
  throw new DeliveryError('InputInvalid', `input "overrideEvidence", line "${line}": ${why}`, {
    hint: 'Write gate/environment: reason, as in acceptance/staging: hotfix for the outage of 21 November.',
  });
}

function readKeys(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeliveryError(
      'FileNotFound',
      `input "evidenceKeys": ${path} cannot be read (${messageOf(error)})`,
      {
        hint: 'Public keys are no secret: keep the PEM file in the repository.',
        cause: error,
      },
    );
  }
}

/**
 * Proves that every image may go further, before anything changes: reads what is attached to the images and holds it to
 * the rules.
 * @param action what is about to happen, for the record: "promotion", "deployment to production"
 * @throws DeliveryError `EvidenceMissing`, listing everything that is missing
 */
export async function requireEvidence(
  agent: Agent,
  required: RequiredEvidence,
  subjects: readonly EvidenceSubject[],
  registry: (host: string) => RegistryReader,
  action: string,
): Promise<EvidenceOutcome> {
  if (required.rules.length === 0) return { accepted: [], overrides: [] };
  if (subjects.length === 0) {
    throw new DeliveryError(
      'EvidenceMissing',
      `${action} is to be proven by evidence, and has no image of a release`,
      {
        hint: 'Give the release record in releaseFile: evidence is about its digests.',
      },
    );
  }
  agent.log.phase('Evidence');
  const images = await Promise.all(
    subjects.map(async ({ image, digest, repository }) => ({
      image,
      digest,
      attestations: await readAttestations(registry(repository.registry), repository, digest, agent.signal),
    })),
  );
  const decide = (rules: readonly EvidenceRule[]) => assessEvidence(rules, images, required.keys, Date.now());
  const isOverridden = (rule: EvidenceRule): boolean =>
    required.overrides.some(
      ({ gate, environment }) => gate === rule.gate && environment === rule.environment,
    );

  const { accepted, missing } = decide(required.rules.filter((rule) => !isOverridden(rule)));
  for (const one of accepted) {
    const who = one.keyId === undefined ? 'unsigned' : `signed by ${one.keyId.slice(0, 12)}`;
    agent.log.line(
      `${one.image}: gate ${one.gate} in ${one.environment} passed at ${one.finishedAt}, ${who}`,
    );
  }
  if (missing.length > 0) {
    throw new DeliveryError('EvidenceMissing', `${action} lacks evidence: ${missing.join('; ')}`, {
      hint: 'Let the gate judge this very digest, and sign with a key that evidenceKeys has. Nothing was changed.',
    });
  }
  const overrides = required.overrides.flatMap(({ gate, environment, reason }): Override[] => {
    const lacking = decide(
      required.rules.filter((rule) => rule.gate === gate && rule.environment === environment),
    );
    if (lacking.missing.length === 0) return [];
    for (const line of lacking.missing) agent.log.warning(`Overridden (${reason}): ${line}`);
    const by = agent.system.run.requestedFor;
    const at = new Date().toISOString();
    const what = { gate, environment, reason, action, missing: lacking.missing, at, run: runOf(agent) };
    return [by === undefined ? what : { ...what, by }];
  });
  return { accepted, overrides };
}

/** Evidence is a few kilobytes; whatever is larger is none. */
const evidenceLimit = 1024 * 1024;

async function readAttestations(
  registry: RegistryReader,
  repository: Repository,
  digest: Digest,
  signal: AbortSignal,
): Promise<readonly Attestation[]> {
  const { path } = repository;
  const referrers = await registry.referrers(path, digest, { signal });
  const found = await Promise.all(
    referrers
      .filter(
        ({ artifactType, mediaType }) => mediaType === mediaTypes.ociManifest && isEvidence(artifactType),
      )
      .map(async (referrer) => {
        const content = await registry.manifest(path, referrer.digest, signal);
        if (content === undefined) return undefined;
        const name = `${formatRepository(repository)}@${referrer.digest}`;
        const document = readManifest(content, name);
        const type = document === undefined ? undefined : artifactTypeOf(document);
        const layer = document?.kind === 'image' ? document.layers[0] : undefined;
        if (type === undefined || !isEvidence(type) || layer === undefined) return undefined;
        if (layer.size > evidenceLimit) return undefined;
        const bytes = await registry.blobBytes(path, layer, evidenceLimit, signal);
        return readAttestation(referrer.digest, type, bytes);
      }),
  );
  return found.filter((attestation) => attestation !== undefined);
}

/** What is no manifest is no evidence either: it must not keep others' evidence from being read. */
function readManifest(content: ManifestContent, name: string): ManifestDocument | undefined {
  try {
    return parseManifest(content, name);
  } catch (error) {
    if (isDeliveryError(error)) return undefined;
    throw error;
  }
}

/** Registries may leave the artifact type out of the list; then the manifest is looked at all the same. */
function isEvidence(artifactType: string | undefined): boolean {
  return artifactType === undefined || evidenceTypes.some((type) => type === artifactType);
}
