import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutThrough, stripes } from './stripes.ts';
import { pathOf, Table } from './table.ts';
import { randomNetwork, ring, twoRails } from './topologies.ts';

const carrier = { carrier: 'shm', alpha: 2, beta: 0.5, shared: false };

describe('stripes', () => {
  it('are disjoint, loop-free, whole, and end together', () => {
    const scenario = fc.record({
      nodes: fc.integer({ min: 3, max: 12 }),
      seed: fc.nat(1e6),
      size: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(scenario, ({ nodes, seed, size }) => {
        const network = randomNetwork(nodes, seed, carrier);
        const found = stripes(new Table(network), 0, nodes - 1, size, 512, 4);
        const buses = found.flatMap(({ way }) => way.map(({ from }) => network.busIndexOf(from)));
        assert.equal(new Set(buses).size, buses.length); // all its buses are of two
        for (const { way } of found) {
          const visited = [0, ...way.map(({ to }) => network.nodeOf(to))];
          assert.equal(new Set(visited).size, visited.length);
          assert.equal(visited.at(-1), nodes - 1);
        }
        const ends = found.map(({ way, share }) =>
          cutThrough(network, pathOf(network, way), size * share, 512),
        );
        assert.ok(Math.max(...ends) - Math.min(...ends) <= 1e-6 * Math.max(...ends));
        assert.ok(Math.abs(found.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
      }),
    );
  });

  it('are none for short messages, and one where there is one way', () => {
    assert.equal(stripes(new Table(twoRails(2, carrier)), 0, 1, 512, 512, 4).length, 1);
    assert.equal(stripes(new Table(twoRails(2, carrier)), 0, 1, 100_000, 512, 4).length, 2);
    assert.equal(
      stripes(new Table(twoRails(2, { ...carrier, shared: true })), 0, 1, 100_000, 512, 4).length,
      2,
    );
    assert.equal(stripes(new Table(ring(6, carrier)), 0, 1, 100_000, 512, 4).length, 2);
    assert.equal(stripes(new Table(ring(6, carrier)), 0, 1, 100_000, 512, 1).length, 1);
  });

  it('are empty where there is no way', () => {
    const network = twoRails(2, carrier);
    const table = new Table(network);
    for (const bus of [0, 1]) table.change(network.portOn(bus, 1), false);
    assert.deepEqual(stripes(table, 0, 1, 100_000, 512, 4), []);
  });
});
