import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatWorkload, parseWorkload } from './workload.ts';

test('a workload is read as it was written, and nothing else is', () => {
  for (const text of ['test:0:1', 'read:4096:32', 'write:1048576:4'])
    assert.equal(formatWorkload(parseWorkload(text)), text);
  for (const text of ['', 'read', 'read:4096', 'read:4096:0', 'seek:1:1', 'read:-1:1', 'read:1:1:1'])
    assert.throws(() => parseWorkload(text), RangeError);
});
