import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

test('a pace is the least of what was measured of late', () => {
  const pace = new Pace();
  assert.equal(pace.value, Number.POSITIVE_INFINITY);
  pace.add(1e9, 1);
  pace.add(10, 5);
  assert.equal(pace.value, 2);
  for (let i = 0; i < 13; i++) pace.add(21, 7);
  assert.equal(pace.value, 2);
  for (let i = 0; i < 3; i++) pace.add(1e6, 1);
  assert.equal(pace.value, 3);
  assert.equal(pace.count, 18);
});
