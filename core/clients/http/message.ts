import type { IncomingMessage } from 'node:http';
import { DeliveryError } from '../../model/errors.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent again as it is when the request is retried. */
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

/** An answer whose body is still on the wire. It must be read or discarded: that frees the connection. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case, as node:http gives them. */
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
}

/** An answer that was read to its end. */
export interface CompleteResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

export function headerOf(response: Pick<HttpResponse, 'headers'>, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/**
 * The whole body.
 * @param limit in bytes: more than that is refused, so that no answer can fill the agent's memory
 * @throws DeliveryError `RemoteError` past the limit; the connection's own error when it breaks
 */
export async function readBytes(response: HttpResponse, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.body.destroy();
      throw new DeliveryError('RemoteError', `the answer is longer than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

// Error bodies and token answers are small; 64 KiB of one is all that anybody could use.
export const smallAnswer = 64 * 1024;

/** Reads the rest so that the connection can serve the next request; long bodies are cut off instead. */
export function discard(response: HttpResponse): void {
  const length = Number(response.headers['content-length'] ?? 0);
  response.body.on('error', ignore);
  if (length > smallAnswer) response.body.destroy();
  else response.body.resume();
}

function ignore(): void {
  // The answer was given up: how its connection ends is nobody's business.
}
