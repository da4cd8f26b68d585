import type { Digest } from './digest.ts';
import { keyHintOf, signerOf, type Envelope, type VerificationKey } from './dsse.ts';
import { isDeliveryError } from './errors.ts';
import { isObject } from './json.ts';
import { parseVerdictStatement, statementMediaType, type VerdictStatement } from './statement.ts';

/** sigstore/protobuf-specs, sigstore_bundle.proto: what cosign 3 writes and verifies. */
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Artifact types of referrers that may hold evidence of ours: signed, and not signed. */
export const evidenceTypes = [bundleMediaType, statementMediaType] as const;

/** Evidence as it lies in the registry, before anybody believes it. */
export interface Attestation {
  /** The referrer's own digest: where a person can look. */
  readonly manifest: Digest;
  readonly statement: VerdictStatement;
  /** Undefined for evidence that nobody signed. */
  readonly envelope: Envelope | undefined;
}

/** The signed statement as a Sigstore bundle, with a public key that the verifier has to bring. */
export function formatBundle(envelope: Envelope, keyId: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      mediaType: bundleMediaType,
      verificationMaterial: { publicKey: { hint: keyHintOf(keyId) }, tlogEntries: [] },
      dsseEnvelope: envelope,
    }),
  );
}

/** Undefined for what is no evidence of ours: other attestations, other predicates, damaged documents. */
export function readAttestation(
  manifest: Digest,
  artifactType: string,
  content: Uint8Array,
): Attestation | undefined {
  try {
    if (artifactType === statementMediaType) {
      const statement = parseVerdictStatement(content);
      return statement === undefined ? undefined : { manifest, statement, envelope: undefined };
    }
    const envelope = readEnvelope(content);
    if (envelope?.payloadType !== statementMediaType) return undefined;
    const statement = parseVerdictStatement(Buffer.from(envelope.payload, 'base64'));
    return statement === undefined ? undefined : { manifest, statement, envelope };
  } catch (error) {
    if (isDeliveryError(error)) return undefined;
    throw error;
  }
}

/** Which of the keys signed it; undefined for none of them. */
export function signedBy(
  attestation: Attestation,
  keys: readonly VerificationKey[],
): VerificationKey | undefined {
  return attestation.envelope === undefined ? undefined : signerOf(attestation.envelope, keys);
}

function readEnvelope(content: Uint8Array): Envelope | undefined {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
  const envelope = isObject(document) ? document['dsseEnvelope'] : undefined;
  if (!isObject(envelope)) return undefined;
  const { payload, payloadType, signatures } = envelope;
  if (typeof payload !== 'string' || typeof payloadType !== 'string' || !Array.isArray(signatures)) {
    return undefined;
  }
  return {
    payload,
    payloadType,
    signatures: (signatures as unknown[]).flatMap((entry) =>
      isObject(entry) && typeof entry['sig'] === 'string' ? [{ sig: entry['sig'] }] : [],
    ),
  };
}
