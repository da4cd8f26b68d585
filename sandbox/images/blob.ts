import { createHash } from 'node:crypto';

/** Content with the descriptor that names it (OCI image specification, "Descriptor"). */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly content: Buffer;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export function digestOf(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export function blobOf(mediaType: string, content: string | Uint8Array): Blob {
  const bytes = Buffer.from(content);
  return { mediaType, digest: digestOf(bytes), size: bytes.length, content: bytes };
}

/** A JSON document as a blob. */
export function documentOf(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, JSON.stringify(value));
}

export function descriptorOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
