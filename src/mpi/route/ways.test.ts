import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bus, Network } from './network.ts';
import type { RouterSettings } from './settings.ts';
import { Table } from './table.ts';
import { ring, twoRails } from './topologies.ts';
import { type Way, Ways } from './ways.ts';

const carrier = { carrier: 'iscsi', alpha: 40, beta: 0.001, shared: false };
const settings: RouterSettings = { chunk: 1000, window: 8, credits: 4, stripes: 4 };

function waysOn(network: Network, target = 1) {
  const table = new Table(network);
  return { table, ways: new Ways(() => table, settings, 0, target) };
}

const busesOf = (network: Network, way: Way | undefined): (string | undefined)[] | undefined =>
  way?.hops.map(({ from }) => network.busOf(from).name);

describe('the ways of a pair', () => {
  it('share a stream by what each has under way, and its speed', () => {
    const bus: Bus = { ...carrier, name: 'fast', members: [0, 1] };
    const network = new Network(['a', 'b'], [bus, { ...bus, name: 'slow', beta: 3 * bus.beta }]);
    const { ways } = waysOn(network);
    const under = { fast: 0, slow: 0 };
    for (let i = 0; i < 40; i++) {
      const way = ways.pick(1000, true, 0);
      assert.ok(way);
      way.open += 1000;
      under[busesOf(network, way)?.[0] === 'fast' ? 'fast' : 'slow']++;
    }
    assert.ok(Math.abs(under.fast - 30) <= 1, `${under.fast} of 40`);
    assert.deepEqual(busesOf(network, ways.pick(1000, false, 0)), ['fast']); // short ones take the best, whatever waits
  });

  it('are found once, until the table changes', () => {
    const network = twoRails(2, carrier);
    const { table, ways } = waysOn(network);
    const first = ways.pick(10, false, 0);
    assert.equal(ways.pick(10, false, 0), first);
    table.change(first?.hops[0]?.from ?? -1, false);
    const other = ways.pick(10, false, 0);
    assert.ok(other && other !== first);
    table.change(other.hops[0]?.from ?? -1, false);
    assert.equal(ways.pick(10, false, 0), undefined);
    assert.equal(ways.pick(10, true, 0), undefined);
  });

  it('lead round one that is late or has failed, as long as it is', () => {
    const network = ring(4, carrier);
    const { ways } = waysOn(network);
    const short = ways.pick(10, false, 0);
    assert.ok(short);
    assert.deepEqual(busesOf(network, short), ['bus0']);
    short.avoided = true;
    const round = ways.pick(10, false, 0);
    assert.deepEqual(busesOf(network, round), ['bus3', 'bus2', 'bus1']);
    assert.equal(ways.around(short, 10, false, 0), round);
    short.worked(80, true);
    assert.equal(ways.pick(10, false, 0), short);
    short.failed(5000);
    assert.equal(ways.pick(10, false, 5000), round);
    assert.equal(ways.pick(10, false, short.until), short);
  });

  it('that all failed are tried again, the first to be due first, each time later', () => {
    const { ways } = waysOn(twoRails(2, carrier));
    const one = ways.pick(10, false, 0);
    one?.failed(0);
    const other = ways.pick(10, false, 0);
    other?.failed(500);
    assert.ok(one && other && one !== other);
    assert.equal(ways.pick(10, false, 600), one);
    const pause = one.until;
    one.failed(pause - 1); // was under way with the first
    assert.equal(one.until, pause);
    one.failed(pause);
    assert.equal(one.until, pause + 2 * pause);
  });

  it('get more time when they were suspected wrongly, once each time', () => {
    const { ways } = waysOn(twoRails(2, carrier));
    const way = ways.pick(10, false, 0);
    assert.ok(way);
    way.avoided = true;
    for (let i = 0; i < 3; i++) way.worked(100_000, true);
    assert.ok(way.leniency > 1.9 && way.leniency <= 2);
    for (let i = 0; i < 1000; i++) way.worked(80, false);
    assert.ok(way.leniency < 1.01 && way.roundTrip < 81);
  });
});
