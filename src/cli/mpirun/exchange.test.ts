import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Exchange } from './exchange.ts';
import type { Puts } from './messages.ts';

function gather() {
  const released: Puts[] = [];
  const stuck: number[] = [];
  const exchange = new Exchange(['a', 'b', 'c'], {
    release: (puts) => released.push(puts),
    stuck: (rank) => stuck.push(rank),
  });
  return { exchange, released, stuck };
}

it('what ranks put is given to all when the last host has come, and then anew', () => {
  const { exchange, released } = gather();
  exchange.come('c', [
    ['x', 'c'],
    ['z', '3'],
  ]);
  exchange.come('a', [
    ['x', 'a'],
    ['y', '1'],
  ]);
  assert.deepEqual(released, []);
  exchange.come('b', []);
  assert.deepEqual(released, [
    [
      ['x', 'c'],
      ['y', '1'],
      ['z', '3'],
    ],
  ]);
  for (const host of ['a', 'b', 'c']) exchange.come(host, [['again', host]]);
  assert.deepEqual(released[1], [['again', 'c']]);
});

it('who waits for a rank that has ended is told of, once, whichever came first', () => {
  const first = gather();
  first.exchange.wait();
  first.exchange.leave(3);
  first.exchange.leave(2);
  const second = gather();
  second.exchange.leave(3);
  second.exchange.leave(1);
  assert.deepEqual(second.stuck, []);
  second.exchange.wait();
  second.exchange.wait();
  assert.deepEqual([first.stuck, second.stuck], [[3], [3]]);
});

it('nobody waits any more who was let go', () => {
  const { exchange, stuck } = gather();
  for (const host of ['a', 'b', 'c']) {
    exchange.wait();
    exchange.come(host, []);
  }
  exchange.leave(0);
  assert.deepEqual(stuck, []);
});
