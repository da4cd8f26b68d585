import assert from 'node:assert/strict';
import { encodeFrame, FrameReader, opcodes } from '../../../../core/clients/kubernetes/websocket.ts';

/** A frame as a server sends it: not masked. */
function serverFrame(opcode: number, payload: Buffer, final = true): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.of(length)
      : length < 65_536
        ? Buffer.of(126, length >> 8, length & 0xff)
        : Buffer.concat([Buffer.of(127), lengthOf(length)]);
  return Buffer.concat([Buffer.of((final ? 0x80 : 0) | opcode), head, payload]);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

/** What the client sent, as a server reads it. */
function unmask(frame: Buffer): Buffer {
  const short = (frame[1] ?? 0) & 0x7f;
  const at = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
  const mask = frame.subarray(at, at + 4);
  return Buffer.from(frame.subarray(at + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
}

function messages(reader: FrameReader, bytes: Buffer): readonly string[] {
  return [...reader.read(bytes)].map((incoming) =>
    incoming.type === 'close' ? 'close' : `${incoming.type} ${incoming.payload.toString()}`,
  );
}

describe('WebSocket frames', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    it(`carry ${length} bytes, masked on the way out`, () => {
      const payload = Buffer.alloc(length, 'x');
      const frame = encodeFrame(opcodes.binary, payload);
      assert.equal((frame[1] ?? 0) & 0x80, 0x80);
      assert.deepEqual(unmask(frame), payload);
      const [incoming] = [...new FrameReader().read(serverFrame(opcodes.binary, payload))];
      assert.ok(incoming?.type === 'message');
      assert.deepEqual(incoming.payload, payload);
    });
  }

  it('are read however the bytes are cut', () => {
    const bytes = Buffer.concat([
      serverFrame(opcodes.binary, Buffer.from('one')),
      serverFrame(opcodes.ping, Buffer.from('?')),
      serverFrame(opcodes.binary, Buffer.alloc(300, 'y')),
      serverFrame(opcodes.close, Buffer.alloc(0)),
    ]);
    const reader = new FrameReader();
    const found: string[] = [];
    for (const byte of bytes) found.push(...messages(reader, Buffer.of(byte)));
    assert.deepEqual(found, ['message one', 'ping ?', `message ${'y'.repeat(300)}`, 'close']);
  });

  it('are put together from fragments, with a ping between', () => {
    const bytes = Buffer.concat([
      serverFrame(opcodes.binary, Buffer.from('he'), false),
      serverFrame(opcodes.ping, Buffer.alloc(0)),
      serverFrame(opcodes.continuation, Buffer.from('llo')),
    ]);
    assert.deepEqual(messages(new FrameReader(), bytes), ['ping ', 'message hello']);
  });

  it('are refused when the server masks them or sends too much', () => {
    assert.throws(() => messages(new FrameReader(), encodeFrame(opcodes.binary, Buffer.from('x'))), /masked/);
    const huge = Buffer.concat([Buffer.of(0x82, 127), lengthOf(2 ** 40)]);
    assert.throws(() => messages(new FrameReader(), huge), /a frame of/);
  });
});
