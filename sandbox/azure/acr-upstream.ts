import { Agent, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Exchange } from './exchange.ts';

// Connections to the registry processes are kept: a promotion makes hundreds of small requests.
const agent = new Agent({ keepAlive: true });

export interface UpstreamRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Readable | Buffer;
}

/** One request to the registry process behind the facade. Rejects when the process or the body's source fails. */
export function upstream(
  port: number,
  { method, path, headers, body }: UpstreamRequest,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    if (body === undefined || Buffer.isBuffer(body)) {
      outgoing.end(body);
      return;
    }
    body.once('error', (error) => {
      outgoing.destroy(error);
      reject(error);
    });
    body.pipe(outgoing);
  });
}

// What concerns the connection, not the message (RFC 9110 section 7.6.1), and what the facade sets itself.
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
  'x-registry-instance',
]);

export function forwarded(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
}

/** Hands the client's own request on. `authorization` replaces the client's; `body` a body that was already read. */
export async function forward(
  exchange: Exchange,
  port: number,
  change: { readonly authorization?: string | undefined; readonly body?: Buffer } = {},
): Promise<IncomingMessage> {
  const hasBody = exchange.method !== 'GET' && exchange.method !== 'HEAD';
  const body = change.body ?? (hasBody ? exchange.body() : undefined);
  return upstream(port, {
    method: exchange.method,
    path: exchange.request.url ?? '/',
    headers: {
      ...forwarded(exchange.request.headers),
      ...(change.authorization === undefined ? {} : { authorization: change.authorization }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

/** The whole body of an answer. */
export async function contentOf(message: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
