import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';

/** What a planned fault does to the bodies of one exchange; see faults.ts. */
export interface BodyFaults {
  truncate?: number;
  cutUpload?: number;
  corrupt?: number;
}

/**
 * One request and its answer. Services answer through it, so that what they send is counted for the request log and
 * subject to the planned faults.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** The Host header, lower case, without a port. */
  readonly host: string;
  /** Host and port as the client addressed us: links in answers are made from it. */
  readonly authority: string;
  /** Decoded: clients differ in what they escape (`shop%2Fcatalog`). */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Who asked, by the name of the service principal; set by whichever service authenticated it. */
  identity: string | undefined;
  /** Body bytes. */
  received = 0;
  sent = 0;
  readonly faults: BodyFaults = {};
  /** A planned fault of the long-running operation that this request starts. */
  operation: OperationFault | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.method = request.method ?? 'GET';
    this.authority = (request.headers.host ?? '').toLowerCase();
    this.host = this.authority.replace(/:\d+$/, '');
    const url = new URL(request.url ?? '/', 'https://host');
    this.path = decoded(url.pathname);
    this.query = url.searchParams;
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The token of `Authorization: Bearer ...`. */
  bearer(): string | undefined {
    return /^Bearer (.+)$/i.exec(this.header('authorization') ?? '')?.[1];
  }

  basic(): { username: string; password: string } | undefined {
    const encoded = /^Basic (.+)$/i.exec(this.header('authorization') ?? '')?.[1];
    if (encoded === undefined) return undefined;
    const [username = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
    return { username, password: password.join(':') };
  }

  /** The request's body, once. */
  body(): Readable {
    const { cutUpload } = this.faults;
    const counted = new Passage((chunk) => (this.received += chunk.length), { cutAfter: cutUpload });
    counted.on('error', () => this.response.socket?.destroy());
    this.request.on('error', (error) => counted.destroy(error));
    this.request.on('aborted', () => counted.destroy(new Error('the client went away')));
    return this.request.pipe(counted);
  }

  async bytes(limit = 16 * 1024 * 1024): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.body() as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (this.received > limit) throw new Error(`a request body of more than ${limit} bytes`);
    }
    return Buffer.concat(chunks);
  }

  async form(): Promise<URLSearchParams> {
    return new URLSearchParams((await this.bytes()).toString());
  }

  /** The JSON body; undefined when it is empty or not JSON. */
  async jsonBody(): Promise<unknown> {
    const text = (await this.bytes()).toString();
    try {
      return text === '' ? undefined : JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  async json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Promise<void> {
    await this.send(
      status,
      { 'content-type': 'application/json; charset=utf-8', ...headers },
      JSON.stringify(value),
    );
  }

  async send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Readable | Buffer | string = '',
  ): Promise<void> {
    // What the service did not read must still be taken off the connection, or the client never sees the answer.
    if (!this.request.readableEnded && this.request.listenerCount('data') === 0) this.request.resume();
    const length = body instanceof Readable ? {} : { 'content-length': Buffer.byteLength(body) };
    this.response.writeHead(status, { ...(status === 204 || status === 304 ? {} : length), ...headers });
    if (this.method === 'HEAD' || status === 204 || status === 304) {
      if (body instanceof Readable) body.destroy();
      this.response.end();
      return;
    }
    const source =
      body instanceof Readable ? body : Readable.from([Buffer.from(body)], { objectMode: false });
    const { truncate, corrupt } = this.faults;
    const passage = new Passage((chunk) => (this.sent += chunk.length), { cutAfter: truncate, corrupt });
    // A client that goes away in the middle is its own business.
    await pipeline(source, passage, this.response).catch(() => this.response.destroy());
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

export interface OperationFault {
  /** How many times the operation still says that it is running. */
  readonly polls?: number;
  readonly failure?: { readonly code: string; readonly message: string };
  /** It never ends. */
  readonly stuck?: boolean;
}

/** A body ended early because a fault says so. */
export class PlannedCut extends Error {}

/** Counts what passes; cuts the stream after so many bytes, or flips one bit of the byte at an offset. */
class Passage extends Transform {
  readonly #count: (chunk: Buffer) => void;
  readonly #cutAfter: number | undefined;
  readonly #corrupt: number | undefined;
  #offset = 0;

  constructor(
    count: (chunk: Buffer) => void,
    faults: { cutAfter?: number | undefined; corrupt?: number | undefined },
  ) {
    super();
    this.#count = count;
    this.#cutAfter = faults.cutAfter;
    this.#corrupt = faults.corrupt;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    const start = this.#offset;
    this.#offset += chunk.length;
    let bytes = chunk;
    const at = this.#corrupt === undefined ? -1 : this.#corrupt - start;
    if (at >= 0 && at < chunk.length) {
      bytes = Buffer.from(chunk);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    }
    if (this.#cutAfter !== undefined && this.#offset > this.#cutAfter) {
      bytes = bytes.subarray(0, Math.max(0, this.#cutAfter - start));
      this.#count(bytes);
      this.push(bytes);
      // The bytes before the cut are to arrive: destroying at once would drop what is still queued.
      void setTimeout(20).then(() => {
        callback(new PlannedCut());
      });
      return;
    }
    this.#count(bytes);
    callback(null, bytes);
  }
}
