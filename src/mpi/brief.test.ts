import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { BriefCopy } from './brief.ts';

const anyCopy = fc.record(
  { offset: fc.nat(9), length: fc.nat(80), at: fc.nat(5), times: fc.integer({ min: 1, max: 3 }) },
  { noNullPrototype: true },
);

it('data of brief messages are copied whole and nothing else, wherever they lie and however often', () => {
  fc.assert(
    fc.property(fc.array(anyCopy, { minLength: 1, maxLength: 6 }), (copies) => {
      const one = new BriefCopy();
      for (const { offset, length, at, times } of copies) {
        const user = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
        const memory = new ArrayBuffer(120);
        const [words, bytes] = [new Int32Array(memory), new Uint8Array(memory)];
        const part = user.subarray(offset, offset + length);
        for (let i = 0; i < times; i++) one.out(words, bytes, at, part, length);
        const expected = new Uint8Array(120);
        expected.set(part, at * 4);
        assert.deepEqual(bytes, expected);
        const back = new Uint8Array(100).fill(0xa5);
        const room = back.subarray(offset, offset + length);
        for (let i = 0; i < times; i++) one.into(room, words, bytes, at, length);
        const whole = new Uint8Array(100).fill(0xa5);
        whole.set(part, offset);
        assert.deepEqual(back, whole);
      }
    }),
  );
});
