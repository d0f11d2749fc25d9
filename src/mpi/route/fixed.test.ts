import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Network } from './network.ts';
import { stripes } from './stripes.ts';
import { Table } from './table.ts';

const bus = (name: string, members: number[], alpha: number) => ({
  ...{ name, members, alpha },
  carrier: 'any',
  beta: 0.001,
  shared: false,
});
const buses = [bus('fast', [0, 1], 1), bus('up', [0, 2], 5), bus('down', [2, 1], 5)];
const around = {
  source: 0,
  target: 1,
  least: 1000,
  steps: [
    { bus: 1, node: 2 },
    { bus: 2, node: 1 },
  ],
};
const names = ['a', 'b', 'hub'];
const transit = Uint8Array.of(0, 0, 1);

it('a path chosen by hand is taken from its size on, for as long as it works', () => {
  const network = new Network(names, buses, transit, [around]);
  const table = new Table(network);
  const seen = () => table.routes(0, 1).map(({ least, hops }) => [least, hops.length]);
  assert.deepEqual(seen(), [
    [0, 1],
    [1000, 2],
  ]);
  assert.equal(table.routes(1, 0).length, 1);
  assert.equal(stripes(table, 0, 1, 1 << 20, 1 << 16, 4).length, 1);
  table.change(network.portOn(1, 2), false);
  assert.deepEqual(seen(), [[0, 1]]);
  table.change(network.portOn(1, 2), true);
  assert.equal(table.best(0, 1, 1000)?.hops.length, 2);
});

it('a path that leads nowhere is refused', () => {
  const wrong = (path: Partial<typeof around>, bare = transit) =>
    assert.throws(() => new Network(names, buses, bare, [{ ...around, ...path }]), RangeError);
  wrong({ steps: [] });
  wrong({ steps: [{ bus: 1, node: 2 }] });
  wrong({ steps: [{ bus: 1, node: 1 }] });
  wrong({}, Uint8Array.of(1, 1, 0));
});
