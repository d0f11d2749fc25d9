import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROC_NULL, UNDEFINED } from './constants.ts';
import { Group } from './group.ts';

describe('groups (§7.3)', () => {
  const group = new Group([3, 5, 7], 5);

  it('name each rank once', () => {
    for (const wrong of [[0, 0], [3], [-1]]) {
      assert.throws(() => group.include(wrong), { errorClass: 'ERR_RANK' });
      assert.throws(() => group.exclude(wrong), { errorClass: 'ERR_RANK' });
    }
    assert.throws(() => group.includeRanges([[0, 2, 0]]), { errorClass: 'ERR_ARG' });
    assert.deepEqual(group.includeRanges([[2, 0, -2]]).ranks, [7, 3]);
  });

  it('are sets with an order: that of the first, then what the second adds', () => {
    const other = new Group([9, 7, 3], 5);
    assert.deepEqual(group.union(other).ranks, [3, 5, 7, 9]);
    assert.deepEqual(other.union(group).ranks, [9, 7, 3, 5]);
    assert.deepEqual(other.intersection(group).ranks, [7, 3]);
    assert.deepEqual(group.difference(other).ranks, [5]);
    assert.deepEqual([group.union(other).rank, other.difference(group).rank], [1, UNDEFINED]);
    assert.equal(group.difference(group).size, 0);
  });

  it('leave out ranges, which may run backwards, but name no rank twice', () => {
    const long = new Group([10, 11, 12, 13, 14, 15, 16], 12);
    const ranges = [
      [6, 4, -2],
      [0, 2, 2],
    ] as const;
    assert.deepEqual(long.excludeRanges(ranges).ranks, [11, 13, 15]);
    assert.deepEqual(long.excludeRanges([]).ranks, long.ranks);
    const twice = [...ranges, [4, 4, 1]] as const;
    assert.throws(() => long.excludeRanges(twice), { errorClass: 'ERR_RANK' });
    assert.throws(() => long.excludeRanges([[5, 7, 1]]), { errorClass: 'ERR_RANK' });
    assert.throws(() => long.excludeRanges([[0, 2, 0]]), { errorClass: 'ERR_ARG' });
  });

  it('translate PROC_NULL to itself, and who is not there to UNDEFINED', () =>
    assert.deepEqual(group.translate([0, PROC_NULL, 2], new Group([7], 5)), [UNDEFINED, PROC_NULL, 0]));
});
