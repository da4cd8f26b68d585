import { randomBytes } from 'node:crypto';

/** The part of RFC 6455 that port forwarding needs: whole binary messages, pings and the end. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

type Opcode = (typeof opcodes)[keyof typeof opcodes];

/** A frame from the client, masked as section 5.3 demands. */
export function encodeFrame(opcode: Opcode, payload: Uint8Array): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.alloc(2 + extended + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) frame.writeUInt16BE(length, 2);
  if (extended === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  mask.copy(frame, 2 + extended);
  const body = frame.subarray(6 + extended);
  for (let index = 0; index < length; index += 1)
    body[index] = (payload[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return frame;
}

export type Incoming =
  | { readonly type: 'message'; readonly payload: Buffer }
  | { readonly type: 'ping'; readonly payload: Buffer }
  | { readonly type: 'close' };

/** One frame of this size is more than a port forward ever sends (the kubelet's buffer is 32 KiB). */
const largestFrame = 16 * 1024 * 1024;

/** Puts the server's bytes together to messages. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #fragments: Buffer[] = [];

  /** @throws Error for bytes that are no frames of a server */
  *read(bytes: Buffer): Generator<Incoming> {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      const { opcode, final, payload } = frame;
      switch (opcode) {
        case opcodes.close:
          yield { type: 'close' };
          break;
        case opcodes.ping:
          yield { type: 'ping', payload };
          break;
        case opcodes.pong:
          break;
        default:
          this.#fragments.push(payload);
          if (final) {
            yield { type: 'message', payload: Buffer.concat(this.#fragments) };
            this.#fragments = [];
          }
      }
    }
  }

  #next(): { readonly opcode: number; readonly final: boolean; readonly payload: Buffer } | undefined {
    const held = this.#held;
    if (held.length < 2) return undefined;
    const [first = 0, second = 0] = held;
    if ((second & 0x80) !== 0) throw new Error('a masked frame from the server');
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (held.length < 2 + extended) return undefined;
    const length =
      extended === 0 ? short : extended === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    if (length > largestFrame) throw new Error(`a frame of ${length} bytes`);
    const end = 2 + extended + length;
    if (held.length < end) return undefined;
    this.#held = held.subarray(end);
    return { opcode: first & 0x0f, final: (first & 0x80) !== 0, payload: held.subarray(2 + extended, end) };
  }
}
