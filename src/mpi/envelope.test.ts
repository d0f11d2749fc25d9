import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../bytes/hex.ts';
import { Envelope, envelopeBytes, Kind, ReadEnvelope, writeEnvelope } from './envelope.ts';

const golden = hex`01 00 0002 00000004 00000007 00000320 0009 0000 0000000b`;
const values = { kind: Kind.eager, source: 2, context: 4, tag: 7, length: 800, id: 9, sequence: 11 };
const anyEnvelope = fc.record(
  {
    kind: fc.constantFrom(...Object.values(Kind)),
    source: fc.nat(0xffff),
    context: fc.nat(0x7fffffff),
    tag: fc.nat(0x7fffffff),
    length: fc.nat(0x7fffffff),
    id: fc.nat(0xffff),
    sequence: fc.nat(0x7fffffff),
  },
  { noNullPrototype: true },
);

describe('MPI envelope', () => {
  it('reads', () => assert.deepEqual(Envelope.decode(golden), values));

  it('writes, over dirty bytes', () =>
    assert.deepEqual(Envelope.encode(values, new Uint8Array(envelopeBytes).fill(0xa5)), golden));

  it('refuses every shorter prefix', () => {
    for (let n = 0; n < envelopeBytes; n++)
      assert.throws(() => Envelope.over(golden.subarray(0, n)), RangeError);
  });

  it('gives back whatever was put in, by hand and by table alike', () => {
    fc.assert(
      fc.property(anyEnvelope, (v) => {
        const bytes = new Uint8Array(envelopeBytes + 3).fill(0xa5);
        const view = new DataView(bytes.buffer);
        writeEnvelope(view, 3, v.kind, v.source, v.context, v.tag, v.length, v.id, v.sequence);
        assert.deepEqual(Envelope.decode(bytes.subarray(3)), v);
        const read = new ReadEnvelope();
        read.read(view, 3);
        assert.deepEqual({ ...read }, v);
      }),
    );
  });
});
