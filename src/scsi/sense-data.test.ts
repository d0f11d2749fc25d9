import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { decodeSense, encodeSense } from './sense-data.ts';

const anySense = fc.record(
  { key: fc.constantFrom(0, 2, 6, 11), code: fc.nat(0xffff), deferred: fc.constant<true>(true) },
  { noNullPrototype: true, requiredKeys: ['key', 'code'] },
);
const anyPointer = fc.record(
  { in: fc.constantFrom('cdb', 'data'), byte: fc.nat(0xffff), bit: fc.nat(7) },
  { noNullPrototype: true, requiredKeys: ['in', 'byte'] },
);

describe('sense data', () => {
  it('writes fixed format with a field pointer', () => {
    const pointer = { in: 'cdb', byte: 9, bit: 2 } as const;
    assert.deepEqual(
      encodeSense({ key: 5, code: 0x2400, pointer }),
      hex`70 00 05 00000000 0a 00000000 2400 00 ca 0009`,
    );
  });

  it('writes it without one', () =>
    assert.deepEqual(
      encodeSense({ key: 6, code: 0x2902 }),
      hex`70 00 06 00000000 0a 00000000 2902 00 00 0000`,
    ));

  it('gives back whatever was put in', () => {
    fc.assert(fc.property(anySense, (sense) => assert.deepEqual(decodeSense(encodeSense(sense)), sense)));
    fc.assert(
      fc.property(anyPointer, (pointer) => {
        const sense = { key: 5, code: 0x2400, pointer };
        assert.deepEqual(decodeSense(encodeSense(sense)), sense);
      }),
    );
  });

  it('reads descriptor format', () => {
    assert.deepEqual(decodeSense(hex`72 06 2901 00 00 00 00`), { key: 6, code: 0x2901 });
    assert.deepEqual(decodeSense(hex`73 0b 4e00 00 00 00 00`), { key: 11, code: 0x4e00, deferred: true });
  });

  it('believes the additional length: what lies behind it is not sense', () =>
    assert.deepEqual(decodeSense(hex`70 00 05 00000000 02 00000000 2400 00 cc 0001`), { key: 5, code: 0 }));

  it('reads what an allocation length left over, and anything else as undefined', () => {
    assert.deepEqual(decodeSense(hex`70 00 05`), { key: 5, code: 0 });
    assert.equal(decodeSense(hex`70 00`), undefined);
    assert.equal(decodeSense(hex`7f 00 05 00`), undefined);
    assert.equal(decodeSense(hex``), undefined);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeSense(bytes)));
  });
});
