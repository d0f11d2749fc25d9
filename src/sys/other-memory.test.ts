import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf, readOther } from './other-memory.ts';

const self = (bytes: Uint8Array, into: Uint8Array, at = 0, length = bytes.length) =>
  readOther(process.pid, placeOf(bytes), into, at, length);

test('bytes are read where they lie, whatever array they are in', () => {
  for (const size of [1, 40, 5000, 300_000]) {
    const from = Uint8Array.from({ length: size }, (_, i) => i * 7);
    const into = new Uint8Array(size + 3);
    assert.ok(self(from, into, 2));
    assert.deepEqual([into[0], into[1], into[size + 2]], [0, 0, 0]);
    assert.deepEqual(into.subarray(2, size + 2), from);
    assert.ok(self(from.subarray(size >> 1), into.subarray(1)));
    assert.deepEqual(into.subarray(1, 1 + size - (size >> 1)), from.subarray(size >> 1));
  }
});

test('what is not there, and what does not fit, is refused', () => {
  const into = new Uint8Array(64);
  assert.ok(!readOther(process.pid, 4096, into, 0, 64), 'nothing is mapped there');
  assert.ok(!readOther(2 ** 30, placeOf(into), into, 0, 64), 'there is no such process');
  assert.ok(!self(new Uint8Array(65), into));
  assert.ok(!self(into, into, -1, 4));
  assert.ok(self(into, into, 64, 0));
});
