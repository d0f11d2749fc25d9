import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import {
  Channel,
  encodeFrame,
  FrameHeader,
  FrameReader,
  GreetingReader,
  greeting,
  ProtocolError,
} from './frames.ts';

layout('between launcher and agent', FrameHeader, hex`f5 01 0003 00000102`, {
  mark: 0xf5,
  channel: Channel.output,
  rank: 3,
  length: 258,
});

const frames = [
  { channel: Channel.message, rank: 0, bytes: Buffer.from('{"is":"alive"}') },
  { channel: Channel.output, rank: 255, bytes: Buffer.from('hello\n') },
  { channel: Channel.input, rank: 0, bytes: Buffer.alloc(0) },
  { channel: Channel.error, rank: 7, bytes: Buffer.alloc(3000, 0xf5) },
];
const stream = Buffer.concat(frames.map(encodeFrame));

const readAll = (pieces: readonly Buffer[]) => {
  const reader = new FrameReader();
  const read = pieces.flatMap((piece) => reader.push(Buffer.from(piece)));
  return { read, empty: reader.empty };
};

describe('frames', () => {
  it('are the same, whole, byte by byte, and cut at every offset', () => {
    assert.deepEqual(readAll([stream]), { read: frames, empty: true });
    assert.deepEqual(readAll(Array.from(stream, (byte) => Buffer.of(byte))), { read: frames, empty: true });
    for (let at = 0; at <= stream.length; at++)
      assert.deepEqual(readAll([stream.subarray(0, at), stream.subarray(at)]), { read: frames, empty: true });
  });

  it('that end early are not there', () => {
    for (let at = 0; at < stream.length; at++) {
      const { read, empty } = readAll([stream.subarray(0, at)]);
      assert.deepEqual(read, frames.slice(0, read.length));
      let end = 0;
      for (const frame of frames.slice(0, read.length)) end += encodeFrame(frame).length;
      assert.equal(empty, at === end);
    }
  });

  it('are told from anything else, before room is made for it', () => {
    const refuses = (bytes: Uint8Array, message: RegExp) =>
      assert.throws(
        () => new FrameReader().push(Buffer.from(bytes)),
        (error) => error instanceof ProtocolError && message.test(error.message),
      );
    refuses(Buffer.from('Welcome to node1!\n'), /"Welcome to node1!\\n" is no frame/);
    refuses(hex`f5 04 0000 00000000`, /is no frame/);
    refuses(hex`f5 01 0000 00100001`, /a frame of 1048577 bytes is too long/);
    refuses(hex`f5 03 0000 ffffffff`, /a frame of 4294967295 bytes is too long/);
  });

  it('come out of arbitrary bytes, or an error of ours does', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        try {
          readAll(pieces.map((piece) => Buffer.from(piece)));
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
    );
  });
});

describe('an agent that greets', () => {
  it('is heard through what a login shell says before, in whatever pieces', () => {
    const said = Buffer.concat([Buffer.from('Last login: today\n'), greeting, Buffer.from('rest')]);
    for (let at = 0; at <= said.length; at++) {
      const reader = new GreetingReader();
      const [first, second] = [said.subarray(0, at), said.subarray(at)];
      const rest = reader.push(first);
      const all = rest ? Buffer.concat([rest, second]) : reader.push(second);
      assert.equal(all?.toString(), 'rest', `cut at ${at}`);
    }
    const reader = new GreetingReader();
    assert.equal(reader.push(Buffer.from('bash: node: not found\n')), undefined);
    assert.equal(reader.noise, 'bash: node: not found\n');
  });

  it('is not waited for without end', () => {
    const reader = new GreetingReader();
    reader.push(Buffer.alloc(65_536, 0x41));
    assert.throws(() => reader.push(Buffer.of(0x41)), ProtocolError);
  });
});
