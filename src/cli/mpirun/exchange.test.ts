import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Exchange } from './exchange.ts';
import type { Puts } from './messages.ts';

it('what ranks put is given to all when the last host has come, and then anew', () => {
  const released: Puts[] = [];
  const exchange = new Exchange(['a', 'b', 'c'], (puts) => released.push(puts));
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
