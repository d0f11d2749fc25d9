import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../bytes/hex.ts';
import { crc32c, portableCrc32c, readDigest, writeDigest } from './crc32c.ts';
import { Framer, FramingError, type Pdu } from './framer.ts';
import { Outbox } from './outbox.ts';
import { headerSize } from './pdu.ts';

interface Wanted {
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
}

const plain: Wanted = { headerDigest: false, dataDigest: false };
const both: Wanted = { headerDigest: true, dataDigest: true };
const datas = [0, 1, 3, 4, 8, 48, 500, 3000].map((length) => new Uint8Array(length).fill(length));

/** PDUs of many lengths, one with an additional header, as they travel. */
function stream(wanted: Wanted): Uint8Array {
  const outbox = Object.assign(new Outbox(), wanted);
  for (const [i, data] of datas.entries()) {
    outbox.header[19] = i;
    outbox.put(data, i % 2 === 0, i === 3 ? hex`0005 02 00 00000200` : undefined);
  }
  return Buffer.concat(outbox.take());
}

function frames(chunks: readonly Uint8Array[], wanted: Wanted): Pdu[] {
  const found: Pdu[] = [];
  const framer = Object.assign(new Framer(8192, (pdu) => found.push(pdu)), wanted);
  for (const chunk of chunks) framer.push(chunk.slice());
  return found;
}

function check(found: readonly Pdu[]): void {
  assert.deepEqual(
    found.map((pdu) => [pdu.header[19], pdu.data.length, pdu.data.at(-1) ?? 0, pdu.ahs.length, pdu.intact]),
    datas.map((data, i) => [i, data.length, data.at(-1) ?? 0, i === 3 ? 8 : 0, true]),
  );
}

describe('the framer', () => {
  for (const [name, wanted] of Object.entries({ plain, both })) {
    it(`finds the same PDUs wherever the stream is cut (${name})`, () => {
      const bytes = stream(wanted);
      check(frames([bytes], wanted));
      check(
        frames(
          Array.from(bytes, (byte) => Uint8Array.of(byte)),
          wanted,
        ),
      );
      for (let at = 1; at < bytes.length; at++)
        check(frames([bytes.subarray(0, at), bytes.subarray(at)], wanted));
    });
  }

  it('tells of a wrong data digest, and goes on', () => {
    const bytes = stream(both);
    const first = headerSize + 4; // the second PDU begins here; it has one byte of data
    bytes[first + headerSize + 4] = 0xee;
    assert.deepEqual(
      frames([bytes], both).map((pdu) => pdu.intact),
      datas.map((_, i) => i !== 1),
    );
  });

  it('gives up at a wrong header digest', () => {
    const bytes = stream(both);
    bytes[17] = 1;
    assert.throws(() => frames([bytes], both), { name: 'FramingError', code: 'header-digest' });
  });

  it('gives up at a data segment longer than allowed, before it has come', () => {
    const header = new Uint8Array(headerSize).fill(0xff, 5, 8);
    assert.throws(() => frames([header], plain), { name: 'FramingError', code: 'too-long' });
  });

  it('takes any bytes, or throws its own error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
        fc.boolean(),
        (chunks, digests) => {
          try {
            for (const pdu of frames(chunks, digests ? both : plain))
              assert.equal(pdu.header.length, headerSize);
          } catch (error) {
            assert.ok(error instanceof FramingError);
          }
        },
      ),
    );
  });
});

describe('CRC32C', () => {
  it('has the values that RFC 7143 gives', () => {
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
    assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  });

  it('travels least significant byte first', () => {
    const bytes = new Uint8Array(4);
    writeDigest(0x8a9136aa, bytes, 0);
    assert.deepEqual(bytes, hex`aa36918a`);
    assert.equal(readDigest(bytes, 0), 0x8a9136aa);
  });

  it('is the same by native code, by tables, and in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(2000), (bytes, cut) => {
        const whole = portableCrc32c(bytes);
        assert.equal(crc32c(bytes), whole);
        assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), whole);
      }),
    );
  });
});
