import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii, bits, LayoutError, raw, struct, u8, u16, u24, u32, u64 } from './fields.ts';
import { hex } from './hex.ts';

const Sample = struct('sample', 29, {
  opcode: u8(0),
  lun: bits(1, 7, 5),
  low: bits(1, 3, 0),
  half: u16(2),
  three: u24(4),
  word: u32(7),
  wide: u64(11),
  name: ascii(19, 6),
  mac: raw(25, 4),
});
const golden = hex`2a a5 1234 abcdef deadbeef 0102030405060708 6162632020 20 00010203`;
const values = {
  opcode: 0x2a,
  lun: 5,
  low: 5,
  half: 0x1234,
  three: 0xabcdef,
  word: 0xdeadbeef,
  wide: 0x0102030405060708n,
  name: 'abc',
  mac: hex`00010203`,
};

describe('struct', () => {
  it('reads', () => assert.deepEqual(Sample.decode(golden), values));
  it('writes over a dirty buffer, zeroing what no field names', () => {
    const written = Sample.encode(values, new Uint8Array(29).fill(0xff));
    assert.deepEqual(written, golden);
  });
  it('refuses every shorter buffer', () => {
    for (let n = 0; n < Sample.size; n++) {
      assert.throws(() => Sample.decode(golden.subarray(0, n)), LayoutError);
      assert.throws(() => Sample.encode(values, new Uint8Array(n)), LayoutError);
    }
  });
  it('gives back whatever was put in', () => {
    const any = fc.record(
      {
        opcode: fc.nat(0xff),
        lun: fc.nat(7),
        low: fc.nat(15),
        half: fc.nat(0xffff),
        three: fc.nat(0xffffff),
        word: fc.nat(0xffffffff),
        wide: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        name: fc.stringMatching(/^[!-~]{0,6}$/),
        mac: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(any, (v) => assert.deepEqual(Sample.decode(Sample.encode(v)), v)));
  });
  it('refuses a value that does not fit, rather than cutting it', () => {
    for (const bad of [{ lun: 8 }, { opcode: 256 }, { half: -1 }, { word: 2 ** 32 }, { name: 'too long' }])
      assert.throws(() => Sample.encode(bad), LayoutError);
    assert.throws(() => Sample.encode({ opcode: 1.5 }), LayoutError);
  });
  it('refuses tables whose fields overlap or lie outside', () => {
    assert.throws(() => struct('bad', 2, { a: u16(0), b: u8(1) }), LayoutError);
    assert.throws(() => struct('bad', 2, { a: bits(0, 3, 0), b: bits(0, 3) }), LayoutError);
    assert.throws(() => struct('bad', 2, { a: u16(1) }), LayoutError);
  });
  it('is live through its view', () => {
    const bytes = new Uint8Array(29);
    const view = Sample.over(bytes);
    view.word = 0x80000001;
    assert.equal(view.word, 0x80000001);
    assert.deepEqual(bytes.subarray(7, 11), hex`80000001`);
  });
});
