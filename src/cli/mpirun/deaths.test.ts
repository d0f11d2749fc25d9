import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type Death, findCause } from './deaths.ts';

const none = () => false;
const all = () => true;

it('the cause is the rank that had lost nobody, in whatever order they are reaped', () => {
  const [killed, saw, sawThat] = [
    { rank: 2, lost: -1 },
    { rank: 1, lost: 2 },
    { rank: 0, lost: 1 },
  ] as const;
  for (const order of [
    [killed, saw, sawThat],
    [sawThat, saw, killed],
    [saw, sawThat, killed],
  ])
    assert.equal(findCause(order, none), killed);
  assert.equal(
    findCause([sawThat, saw], (rank) => rank === 2),
    undefined,
  );
  assert.equal(findCause([sawThat, saw], none), saw);
  assert.equal(findCause([], all), undefined);
});

it('ranks that lost each other have the first as their cause', () => {
  const [a, b] = [
    { rank: 0, lost: 1 },
    { rank: 1, lost: 0 },
  ];
  assert.equal(findCause([b, a], all), b);
});

it('there is always a cause when nobody runs any more', () => {
  const deaths = fc.uniqueArray(fc.record({ rank: fc.nat(7), lost: fc.integer({ min: -1, max: 7 }) }), {
    selector: ({ rank }: Death) => rank,
    minLength: 1,
  });
  fc.assert(
    fc.property(deaths, (list) => {
      const cause = findCause(list, none);
      assert.ok(cause && list.includes(cause));
      assert.ok(cause.lost < 0 || list.every(({ lost }) => lost >= 0));
    }),
  );
});
