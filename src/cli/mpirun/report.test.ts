import assert from 'node:assert/strict';
import { it } from 'node:test';
import { explain, findCycle, type Seen } from './report.ts';
import { Watchdog } from './watchdog.ts';

const seen = (rank: number, more: Partial<Seen>): Seen => ({
  rank,
  operation: 'recv',
  peer: -1,
  tag: 7,
  bytes: 8,
  calls: 1,
  blocked: true,
  finalized: false,
  lost: -1,
  waitsFor: [],
  at: 'prog.js:1:2',
  ...more,
});

it('names a circle of ranks that wait for each other', () => {
  const ranks = [
    seen(0, { waitsFor: [1] }),
    seen(1, { waitsFor: [2, 3] }),
    seen(2, { waitsFor: [] }),
    seen(3, { waitsFor: [1], peer: 1 }),
  ];
  assert.deepEqual(findCycle(ranks), [1, 3]);
  const lines = explain(ranks, 'stuck:');
  assert.equal(lines[4], '  rank 3: recv from rank 1, tag 7, 8 bytes (prog.js:1:2)');
  assert.equal(lines.at(-1), 'deadlock: rank 1 waits for rank 3, rank 3 waits for rank 1');
});

it('looks at each rank once, however many others each waits for', () => {
  const count = 64;
  const others = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const ranks = [seen(0, { waitsFor: [1] }), ...others.map((rank) => seen(rank, { waitsFor: others }))];
  assert.deepEqual(findCycle(ranks), [1]);
  const forward = ranks.map(({ rank }) => seen(rank, { waitsFor: others.filter((other) => other > rank) }));
  assert.equal(findCycle(forward), undefined);
});

it('tells of ranks that wait for one that has finalized', () => {
  const lines = explain([seen(0, { waitsFor: [1] }), seen(1, { finalized: true, blocked: false })], 'stuck:');
  assert.equal(lines.at(-1), 'rank 0 waits for rank 1, which has finalized');
});

it('barks once when nothing moves, and again only after something has moved', () => {
  const dog = new Watchdog(1000);
  const still = [seen(0, {}), seen(1, {})];
  assert.deepEqual(
    [0, 500, 1000, 2000].map((now) => dog.look(still, now)),
    [false, false, true, false],
  );
  const moved = [seen(0, { calls: 2 }), seen(1, {})];
  assert.deepEqual(
    [3000, 4000].map((now) => dog.look(moved, now)),
    [false, true],
  );
  assert.equal(dog.look([seen(0, { blocked: false }), seen(1, {})], 9000), false);
});
