import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestAfter, noteworthy, now, parsePauses } from './pauses.ts';

const pauses = parsePauses('streaming\n10.000 12.500\n40.000 95.250\n300.000 303.000\nunrelated 1\n');

test('lines are read, others left out', () => {
  assert.deepEqual(pauses, [
    { from: 10, to: 12.5 },
    { from: 40, to: 95.25 },
    { from: 300, to: 303 },
  ]);
});

test('the longest pause that ended after the cut', () => {
  assert.deepEqual(longestAfter(pauses, 41, 500), { from: 40, to: 95.25 });
  assert.deepEqual(longestAfter(pauses, 95.25, 500), { from: 300, to: 303 });
});

test('none that began too late, or ended before', () => {
  assert.equal(longestAfter(pauses, 100, 50), undefined);
  assert.equal(longestAfter(pauses, 304, 500), undefined);
});

test('the clock goes on in milliseconds', () => {
  const start = now();
  while (now() - start < noteworthy);
  assert.ok(now() > start);
});
