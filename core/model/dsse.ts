import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { DeliveryError, messageOf } from './errors.ts';

/** A signed payload (DSSE, envelope.md): what is signed is the payload with its type, never a text around it. */
export interface Envelope {
  /** Base64. */
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

/** Whoever signs: a key in memory, or one that never leaves its vault. */
export interface Signer {
  /** The hash of the public key, as `keyIdOf` makes it. */
  readonly keyId: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A public key that the author trusts. */
export interface VerificationKey {
  readonly keyId: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** DSSE, protocol.md, "Signature Definition": the pre-authentication encoding. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

export async function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signer: Signer,
): Promise<Envelope> {
  const signature = await signer.sign(preAuthenticationEncoding(payloadType, payload));
  // No keyid: it is a hint that every tool forms differently, and cosign passes over a signature whose hint is not its own.
  return {
    payload: Buffer.from(payload).toString('base64'),
    payloadType,
    signatures: [{ sig: Buffer.from(signature).toString('base64') }],
  };
}

/** The first of the keys that one of the signatures is by; undefined when there is none. */
export function signerOf(envelope: Envelope, keys: readonly VerificationKey[]): VerificationKey | undefined {
  const bytes = preAuthenticationEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  return keys.find((key) =>
    envelope.signatures.some(({ sig }) => key.verify(bytes, Buffer.from(sig, 'base64'))),
  );
}

/** SHA-256 of the public key (SubjectPublicKeyInfo), in hexadecimal. */
export function keyIdOf(key: KeyObject): string {
  return createHash('sha256').update(publicDer(key)).digest('hex');
}

/** The same hash in base64: how a Sigstore bundle hints at its key. */
export function keyHintOf(keyId: string): string {
  return Buffer.from(keyId, 'hex').toString('base64');
}

/**
 * A signer with a private key in PEM: EC P-256, RSA of 2048 bits or more, or Ed25519.
 * @throws DeliveryError `InputInvalid`
 */
export function pemSigner(pem: string, name: string, passphrase?: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    throw new DeliveryError(
      'InputInvalid',
      `${name} is not a private key that can be read: ${messageOf(error)}`,
      {
        hint: 'Give a PEM file (PKCS#8), with its passphrase if it has one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256.',
      },
    );
  }
  requireKnownKey(key, name);
  return { keyId: keyIdOf(key), sign: (bytes) => Promise.resolve(sign(algorithmOf(key), bytes, key)) };
}

/**
 * The public keys in a PEM text, of which there may be several.
 * @throws DeliveryError `InputInvalid` when there is none, or one that is not understood
 */
export function parseVerificationKeys(pem: string, name: string): readonly VerificationKey[] {
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g) ?? [];
  if (blocks.length === 0) {
    throw new DeliveryError('InputInvalid', `${name} has no public key in it`, {
      hint: 'Give a PEM file: openssl pkey -in key.pem -pubout.',
    });
  }
  return blocks.map((block) => {
    if (block.includes('PRIVATE KEY')) {
      throw new DeliveryError('InputInvalid', `${name} holds a private key`, {
        hint: 'Who verifies needs the public key alone: openssl pkey -in key.pem -pubout.',
      });
    }
    let key: KeyObject;
    try {
      key = createPublicKey(block);
    } catch (error) {
      throw new DeliveryError('InputInvalid', `${name} holds a key that cannot be read: ${messageOf(error)}`);
    }
    requireKnownKey(key, name);
    return verificationKey(key);
  });
}

function verificationKey(key: KeyObject): VerificationKey {
  return {
    keyId: keyIdOf(key),
    verify: (bytes, signature) => {
      try {
        return verify(algorithmOf(key), bytes, key, signature);
      } catch {
        // Not even the shape of a signature by such a key.
        return false;
      }
    },
  };
}

/** What cosign and the sigstore libraries use with such a key: ECDSA and PKCS #1 v1.5 over SHA-256, and plain Ed25519. */
function algorithmOf(key: KeyObject): 'sha256' | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function requireKnownKey(key: KeyObject, name: string): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const isKnown =
    type === 'ed25519' ||
    (type === 'ec' && details?.namedCurve === 'prime256v1') ||
    (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048);
  if (isKnown) return;
  throw new DeliveryError(
    'InputInvalid',
    `${name} is a key of a kind that is not used here (${type ?? 'none'})`,
    {
      hint: 'Use EC P-256, RSA of 2048 bits or more, or Ed25519.',
    },
  );
}

function publicDer(key: KeyObject): Buffer {
  const publicKey = key.type === 'public' ? key : createPublicKey(key);
  return publicKey.export({ type: 'spki', format: 'der' });
}
