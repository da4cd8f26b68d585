import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** What came by, with the bytes of both bodies as far as they got. */
export interface Passage {
  readonly method: string;
  readonly path: string;
  status: number;
  received: number;
  sent: number;
}

export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The answer's body breaks off after so many bytes. */
  | { readonly kind: 'cutAnswer'; readonly after: number }
  /** The connection breaks after so many bytes of the request's body; those are passed on. */
  | { readonly kind: 'cutUpload'; readonly after: number }
  /** One byte of the answer's body is another. */
  | { readonly kind: 'flip'; readonly at: number }
  | { readonly kind: 'reset' };

/** Decides for each request whether something happens to it. */
export type Mischief = (
  passage: Passage,
  headers: IncomingMessage['headers'],
) => Fault | undefined | Promise<Fault | undefined>;

/** A proxy before one plain registry that does to requests what networks and registries do. */
export interface FaultProxy {
  readonly host: string;
  readonly passages: readonly Passage[];
  mischief: Mischief;
  stop(): Promise<void>;
}

export async function startFaultProxy(
  upstream: string,
  mischief: Mischief = () => undefined,
): Promise<FaultProxy> {
  const passages: Passage[] = [];
  const state = { mischief };
  const server = createServer((asked, answer) => {
    const passage: Passage = {
      method: asked.method ?? '',
      path: asked.url ?? '',
      status: 0,
      received: 0,
      sent: 0,
    };
    passages.push(passage);
    void Promise.resolve(state.mischief(passage, asked.headers)).then((fault) => {
      if (fault?.kind === 'status') refuse(asked, answer, passage, fault);
      else if (fault?.kind === 'reset') asked.socket.destroy();
      else forward(upstream, asked, answer, passage, fault);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: hostOf(server),
    passages,
    get mischief() {
      return state.mischief;
    },
    set mischief(next) {
      state.mischief = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function refuse(
  asked: IncomingMessage,
  answer: ServerResponse,
  passage: Passage,
  fault: Extract<Fault, { kind: 'status' }>,
): void {
  passage.status = fault.status;
  const body = fault.body ?? JSON.stringify({ errors: [{ code: 'UNAVAILABLE', message: 'by the test' }] });
  answer.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
  answer.end(body);
  asked.resume();
}

function forward(
  upstream: string,
  asked: IncomingMessage,
  answer: ServerResponse,
  passage: Passage,
  fault: Fault | undefined,
): void {
  const [hostname, port] = upstream.split(':');
  const onward = request(
    { hostname, port, method: asked.method, path: asked.url, headers: asked.headers, agent: false },
    (reply) => {
      passage.status = reply.statusCode ?? 0;
      answer.writeHead(passage.status, reply.headers);
      reply.on('data', (chunk: Buffer) => {
        const passed = tamper(chunk, passage.sent, fault);
        passage.sent += passed.length;
        const isCut = fault?.kind === 'cutAnswer' && passage.sent >= fault.after;
        if (!answer.write(passed, isCut ? () => asked.socket.destroy() : undefined)) {
          reply.pause();
          answer.once('drain', () => reply.resume());
        }
        if (isCut) reply.destroy();
      });
      reply.on('end', () => answer.end());
      reply.on('error', () => asked.socket.destroy());
    },
  );
  onward.on('error', () => asked.socket.destroy());
  answer.on('close', () => {
    if (!answer.writableFinished) onward.destroy();
  });
  asked.on('data', (chunk: Buffer) => {
    const room = fault?.kind === 'cutUpload' ? fault.after - passage.received : chunk.length;
    const passed = chunk.subarray(0, Math.max(0, room));
    passage.received += passed.length;
    const isCut = fault?.kind === 'cutUpload' && passage.received >= fault.after;
    const cut = (): void => {
      // What was passed on shall arrive before the connection is gone: that is what makes the upload half done.
      setTimeout(() => {
        onward.destroy();
        asked.socket.destroy();
      }, 20);
    };
    if (!onward.write(passed, isCut ? cut : undefined)) {
      asked.pause();
      onward.once('drain', () => asked.resume());
    }
    if (isCut) asked.pause();
  });
  asked.on('end', () => onward.end());
  asked.on('error', () => onward.destroy());
}

function tamper(chunk: Buffer, position: number, fault: Fault | undefined): Buffer {
  if (fault?.kind === 'cutAnswer') return chunk.subarray(0, Math.max(0, fault.after - position));
  if (fault?.kind !== 'flip' || fault.at < position || fault.at >= position + chunk.length) return chunk;
  const copy = Buffer.from(chunk);
  copy[fault.at - position] = (copy[fault.at - position] ?? 0) ^ 1;
  return copy;
}

function hostOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}
