import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import { DeliveryError } from './errors.ts';

declare const brand: unique symbol;

/** The algorithms that the OCI image specification registers (image-spec, descriptor.md, "Registered Algorithms"). */
export type DigestAlgorithm = 'sha256' | 'sha512';

/** A content address, `sha256:<64 hex>` or `sha512:<128 hex>`, in lower case. */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly [brand]: 'Digest' };

const grammar = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return grammar.test(text);
}

/** @throws DeliveryError `DigestInvalid` for anything but a registered algorithm with its exact length of lower-case hex. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DeliveryError('DigestInvalid', `"${text}" is not a digest`, {
    hint: 'A digest is "sha256:" and 64, or "sha512:" and 128, lower-case hexadecimal characters.',
  });
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hexadecimal part. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digester(algorithm).update(bytes).digest();
}

/** Whether the bytes are the ones that the digest names. */
export function matchesDigest(bytes: Uint8Array, digest: Digest): boolean {
  return timingSafeEqual(Buffer.from(digestOf(bytes, algorithmOf(digest))), Buffer.from(digest));
}

/** Hashes a stream piece by piece. */
export interface Digester {
  update(bytes: Uint8Array | string): Digester;
  digest(): Digest;
  /** A digester that goes on from here, and leaves this one as it is. */
  copy(): Digester;
}

export function digester(algorithm: DigestAlgorithm = 'sha256'): Digester {
  return digesterOver(algorithm, createHash(algorithm));
}

function digesterOver(algorithm: DigestAlgorithm, hash: Hash): Digester {
  const self: Digester = {
    update(bytes) {
      hash.update(bytes);
      return self;
    },
    digest: () => parseDigest(`${algorithm}:${hash.digest('hex')}`),
    copy: () => digesterOver(algorithm, hash.copy()),
  };
  return self;
}

/** `sha256:0123456789ab`: enough for a person to tell two digests apart in a log. */
export function shortDigest(digest: Digest): string {
  return `${algorithmOf(digest)}:${hexOf(digest).slice(0, 12)}`;
}
