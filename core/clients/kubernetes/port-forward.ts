import { randomBytes } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { ClusterAccess } from './access.ts';
import { apiErrorOf } from './api-error.ts';
import { openUpgrade, type ConnectionOptions } from './connection.ts';
import { encodeFrame, FrameReader, opcodes } from './websocket.ts';

export interface ForwardTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** Channels of one forwarded port (kubelet, pkg/kubelet/cri/streaming/portforward/websocket.go). */
const dataChannel = 0;
const errorChannel = 1;

/**
 * A connection to a port of a pod, through the API server and the kubelet: what `kubectl port-forward` makes. It needs
 * neither a route to the pod nor anything exposed, but the right to create pods/portforward.
 * @throws DeliveryError when the API server refuses or cannot be reached
 */
export async function forwardPort(
  access: ClusterAccess,
  options: ConnectionOptions,
  target: ForwardTarget,
  signal?: AbortSignal,
): Promise<ForwardedPort> {
  const { namespace, pod, port } = target;
  const upgraded = await openUpgrade(access, options, {
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`,
    headers: {
      accept: '*/*',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    },
    signal,
  });
  if ('socket' in upgraded) return new ForwardedPort(upgraded.socket, upgraded.head, target);
  const asked = { verb: 'forward a port of', what: `Pod ${namespace}/${pod}`, server: access.name };
  throw apiErrorOf(asked, upgraded.status, upgraded.body);
}

/**
 * The pod's port as a stream of bytes. The protocol knows no half-closed connection: ending it closes it. node:http takes
 * it for a socket, so it answers to what that asks of one.
 */
export class ForwardedPort extends Duplex {
  readonly #socket: Duplex;
  readonly #frames = new FrameReader();
  readonly #target: ForwardTarget;
  /** Each channel begins with a message that repeats the port's number. */
  readonly #greeted = new Set<number>();

  constructor(socket: Duplex, head: Buffer, target: ForwardTarget) {
    super();
    this.#socket = socket;
    this.#target = target;
    socket.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => {
      this.push(null);
      this.destroy();
    });
    if (head.length > 0) this.#take(head);
  }

  #take(bytes: Buffer): void {
    try {
      for (const incoming of this.#frames.read(bytes)) {
        if (incoming.type === 'close') this.#socket.end();
        else if (incoming.type === 'ping') this.#socket.write(encodeFrame(opcodes.pong, incoming.payload));
        else this.#message(incoming.payload);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #message(payload: Buffer): void {
    const [channel] = payload;
    const content = payload.subarray(1);
    if (channel === undefined) return;
    if (!this.#greeted.has(channel)) {
      this.#greeted.add(channel);
      return;
    }
    if (channel === dataChannel) {
      if (!this.push(content)) this.#socket.pause();
    } else if (channel === errorChannel && content.length > 0) {
      const { namespace, pod, port } = this.#target;
      this.destroy(new Error(`port ${port} of Pod ${namespace}/${pod}: ${content.toString('utf8').trim()}`));
    }
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(encodeFrame(opcodes.binary, Buffer.concat([Buffer.of(dataChannel), chunk])), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(encodeFrame(opcodes.close, Buffer.of(0x03, 0xe8)), () => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
