import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Bus, Network } from '../route/network.ts';
import type { RouterSettings } from '../route/settings.ts';
import { Table } from '../route/table.ts';
import { oneBus, randomNetwork, randomNumbers, ring, twoRails } from '../route/topologies.ts';
import { Simulation } from './simulation.ts';

/** Like iSCSI over a fast network: a message of 128 KiB takes 158 µs. */
const carrier = { carrier: 'iscsi', alpha: 40, beta: 0.0009, shared: false };
const settings: RouterSettings = { chunk: 192 * 1024, window: 64, credits: 16, stripes: 4 };
const long = 128 * 1024;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Notes what came to whom and when, and what the sources were told. */
function observed(network: Network, more: Partial<RouterSettings> = {}) {
  const came = new Map<string, number[]>();
  const times: number[] = [];
  const told: { message: number; answered: boolean; at: number }[] = [];
  const without: { source: number; target: number; since: number | undefined }[] = [];
  const simulation = new Simulation(network, { ...settings, ...more }, (source, target, message) => {
    const key = `${source} ${target}`;
    came.set(key, [...(came.get(key) ?? []), message]);
    times.push(simulation.events.now);
    return true;
  });
  simulation.arrived = (_source, _target, message, answered) =>
    told.push({ message, answered, at: simulation.events.now });
  simulation.unreachable = (source, target, since) => without.push({ source, target, since });
  return { simulation, came, times, told, without };
}

/** One message each `every` µs. */
function sendEvery(simulation: Simulation, every: number, count: number, size: number): void {
  for (const message of upTo(count))
    simulation.events.at(message * every, () => simulation.send(0, 1, message, size));
}

const total = (simulation: Simulation, what: 'repeated' | 'duplicates' | 'late'): number =>
  simulation.routers.reduce((sum, { counters }) => sum + counters[what], 0);

describe('a stream', () => {
  it('of messages of 128 KiB takes two rails: 1.7 times as fast as one, at least', () => {
    const time = (network: Network) => {
      const { simulation, came } = observed(network);
      for (const message of upTo(500)) simulation.send(0, 1, message, long);
      let end = 0;
      simulation.arrived = () => {
        end = simulation.events.now;
      };
      simulation.run(1e6);
      assert.deepEqual(came.get('0 1'), upTo(500));
      return end;
    };
    const [one, two] = [time(oneBus(2, carrier)), time(twoRails(2, carrier))];
    assert.ok(one / two >= 1.7, `${one} and ${two} µs`);
  });

  it('shares rails of unequal speed by what they carry', () => {
    const bus: Bus = { ...carrier, name: 'fast', members: [0, 1] };
    const both = new Network(['a', 'b'], [bus, { ...bus, name: 'slow', beta: 3 * bus.beta }]);
    const { simulation, told } = observed(both);
    for (const message of upTo(400)) simulation.send(0, 1, message, long);
    simulation.run(1e6);
    const floor = (400 * long * bus.beta) / (1 + 1 / 3);
    const end = told.at(-1)?.at ?? 0;
    assert.ok(end < 1.1 * floor, `${end} µs, not below ${floor}`);
  });
});

describe('a way on which a chunk does not end', () => {
  it('is left within the time limit, avoided, and used again once the chunk has ended', () => {
    const network = twoRails(2, carrier);
    const { simulation, came, times } = observed(network);
    const mute = network.portOn(0, 1); // the rail that short messages take
    simulation.events.at(10_000, () => simulation.mute(mute, true));
    simulation.events.at(300_000, () => simulation.mute(mute, false));
    sendEvery(simulation, 1000, 500, 64);
    simulation.run(1e6);
    assert.deepEqual(came.get('0 1'), upTo(500));
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    assert.ok(Math.max(...gaps) < 65_000, `${Math.max(...gaps)} µs`);
    assert.equal(gaps.filter((gap) => gap > 5000).length, 1, 'no second message tried the way in vain');
    assert.ok(total(simulation, 'repeated') <= 64);
    const end = simulation.routers[0]?.counters.late;
    assert.ok(end !== undefined && end > 0 && end <= 64);
  });

  it('is waited for if there is no other, and nothing is sent twice', () => {
    const network = oneBus(2, carrier);
    const { simulation, came, told } = observed(network);
    simulation.mute(network.portOn(0, 1), true);
    simulation.events.at(3e6, () => simulation.mute(network.portOn(0, 1), false));
    for (const message of upTo(20)) simulation.send(0, 1, message, 64);
    simulation.run(1e6);
    assert.deepEqual(came.get('0 1'), upTo(20));
    assert.equal(total(simulation, 'repeated'), 0);
    assert.ok(told.every(({ at }) => at > 3e6));
  });

  it('gets one copy elsewhere to see whether it is the target that takes its time, and then no more', () => {
    const network = twoRails(2, carrier);
    const { simulation, came } = observed(network);
    const ports = [network.portOn(0, 1), network.portOn(1, 1)];
    for (const port of ports) simulation.mute(port, true);
    for (const message of upTo(16)) simulation.send(0, 1, message, 64);
    simulation.events.at(1e7, () => {
      assert.equal(total(simulation, 'repeated'), 1);
      for (const port of ports) simulation.mute(port, false);
    });
    simulation.run(1e6);
    assert.deepEqual(came.get('0 1'), upTo(16));
  });

  it('is gone round in the middle, where both ends have but one port', () => {
    const bus = (name: string, members: number[]): Bus => ({ ...carrier, name, members });
    const network = new Network(
      ['a', 'b', 'fa', 'fb'],
      [bus('a', [0, 2]), bus('b', [1, 3]), bus('net0', [2, 3]), bus('net1', [2, 3])],
      Uint8Array.from([0, 0, 1, 1]),
    );
    const { simulation, came, times } = observed(network);
    simulation.events.at(5000, () => simulation.mute(network.portOn(2, 3), true));
    simulation.events.at(400_000, () => simulation.mute(network.portOn(2, 3), false));
    sendEvery(simulation, 1000, 200, 64);
    simulation.run(1e6);
    assert.deepEqual(came.get('0 1'), upTo(200));
    assert.ok((times.at(-1) ?? 0) < 300_000, 'it waited for the way');
  });
});

describe('an end that is lost', () => {
  it('does not lose the answer that rode on it', () => {
    const network = twoRails(2, carrier);
    const { simulation, came, told } = observed(network);
    simulation.send(0, 1, 0, 64);
    const fails = carrier.alpha + 64 * carrier.beta + 1; // it has come, its end is on the way
    simulation.events.at(fails, () => simulation.change(network.portOn(0, 0), false));
    simulation.run(1e4);
    assert.deepEqual(came.get('0 1'), [0]);
    assert.equal(total(simulation, 'duplicates'), 1);
    assert.equal(told.length, 1);
    assert.equal(told[0]?.answered, true);
  });
});

describe('a target without a way', () => {
  it('is named with the time, and again when there is a way; its messages wait', () => {
    const network = ring(4, carrier);
    const { simulation, came, without } = observed(network);
    const cut = [network.portOn(0, 1), network.portOn(1, 1)]; // all of n1
    simulation.events.at(1000, () => {
      for (const port of cut) simulation.change(port, false);
    });
    simulation.events.at(2000, () => {
      simulation.send(0, 1, 0, 64);
      assert.deepEqual(simulation.routers[0]?.table.cut(0), ['bus0:n1', 'bus1:n1']);
    });
    simulation.events.at(90_000, () => {
      for (const port of cut) simulation.change(port, true);
    });
    simulation.run(1e5);
    assert.deepEqual(came.get('0 1'), [0]);
    const seen = without.filter(({ source, target }) => source === 0 && target === 1);
    assert.ok((seen[0]?.since ?? 0) >= 1000 && (seen[0]?.since ?? 0) < 1200);
    assert.equal(seen.at(-1)?.since, undefined);
  });

  it('is named at the first message if there never was one', () => {
    const { simulation, without } = observed(new Network(['a', 'b'], []));
    simulation.send(0, 1, 0, 64);
    simulation.run(10);
    assert.deepEqual(without, [{ source: 0, target: 1, since: 0 }]);
  });
});

describe('two of many on a bus that do not hear each other', () => {
  const three = (transit: number[]) =>
    new Network(['a', 'b', 'c'], [{ ...carrier, name: 'net', members: [0, 1, 2] }], Uint8Array.from(transit));

  it('reach each other through a third', () => {
    const { simulation, came } = observed(three([1, 1, 1]));
    simulation.part(0, 1, true);
    simulation.events.at(1000, () => simulation.send(0, 1, 0, 64));
    simulation.events.at(2000, () => simulation.send(2, 0, 0, 64)); // nobody else is concerned
    simulation.run(1e5);
    assert.deepEqual(came.get('0 1'), [0]);
    assert.deepEqual(came.get('2 0'), [0]);
    assert.equal(simulation.routers[2]?.counters.forwarded, 1);
    assert.equal(simulation.routers[2]?.table.best(0, 1, 1)?.hops.length, 2, 'the third knows as well');
  });

  it('have no way if the third is no transit, until they hear each other again', () => {
    const { simulation, came, without } = observed(three([0, 0, 0]));
    simulation.part(0, 1, true);
    simulation.send(0, 1, 0, 64);
    simulation.events.at(1000, () => {
      assert.deepEqual(simulation.routers[0]?.table.cut(0), ['net:a-b']);
      assert.equal(came.get('0 1'), undefined);
      simulation.part(0, 1, false);
    });
    simulation.run(1e5);
    assert.deepEqual(came.get('0 1'), [0]);
    assert.ok(without.some(({ source, target, since }) => source === 0 && target === 1 && since === 0));
  });
});

/** A random network, a bus of all as well, and some nodes that pass nothing on. */
function anyNetwork(nodes: number, seed: number, random: () => number): Network {
  const plain = randomNetwork(nodes, seed, { ...carrier, alpha: 4, beta: 0.5 });
  const everybody: Bus = { ...carrier, alpha: 30, name: 'all', members: upTo(nodes) };
  const transit = Uint8Array.from(plain.names, () => (random() < 0.7 ? 1 : 0));
  return new Network(plain.names, [...plain.buses, everybody], transit);
}

const pairsOf = (nodes: number) =>
  upTo(nodes * nodes)
    .map((pair) => [Math.floor(pair / nodes), pair % nodes] as const)
    .filter(([source, target]) => source !== target);

function everybodySends(simulation: Simulation, nodes: number, count: number, random: () => number): void {
  for (const message of upTo(count))
    for (const [source, target] of pairsOf(nodes))
      simulation.send(source, target, message, 1 + Math.floor(150 * random()));
}

/** All tables say the same as one of a network where all is well. */
function allKnow(simulation: Simulation, network: Network): void {
  const whole = new Table(network);
  for (const { table } of simulation.routers)
    for (const pair of pairsOf(network.nodes)) assert.deepEqual(table.routes(...pair), whole.routes(...pair));
}

/** Failures, silence and deaf pairs in turn, each of which ends. */
function trouble(simulation: Simulation, network: Network, count: number, random: () => number): void {
  const below = (limit: number) => Math.floor(random() * limit);
  const first = network.firstPort(network.buses.length - 1);
  for (const i of upTo(count)) {
    const port = below(network.ports);
    const one = below(network.nodes);
    const other = (one + 1 + below(network.nodes - 1)) % network.nodes;
    const change = (on: boolean) => {
      if (i % 3 === 0) simulation.change(port, !on);
      else if (i % 3 === 1) simulation.mute(port, on);
      else simulation.part(first + one, first + other, on);
    };
    simulation.events.at(random() * 4000, () => change(true));
    simulation.events.at(5000 + random() * 4000, () => change(false));
  }
}

describe('whatever happens', () => {
  it('every message comes, once and in order, and all know in the end that all is well', () => {
    let [late, repeated] = [0, 0];
    const scenario = fc.record({
      nodes: fc.integer({ min: 3, max: 8 }),
      seed: fc.nat(1e6),
      troubles: fc.integer({ min: 1, max: 8 }),
      credits: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(scenario, ({ nodes, seed, troubles, credits }) => {
        const random = randomNumbers(seed);
        const network = anyNetwork(nodes, seed, random);
        const { simulation, came } = observed(network, { chunk: 64, window: 4, credits, late: 500 });
        everybodySends(simulation, nodes, 3, random);
        trouble(simulation, network, troubles, random);
        simulation.run(2e6);
        for (const [source, target] of pairsOf(nodes))
          assert.deepEqual(came.get(`${source} ${target}`), upTo(3), `${source} to ${target}`);
        late += total(simulation, 'late');
        repeated += total(simulation, 'repeated');
        allKnow(simulation, network);
      }),
      { numRuns: 80 },
    );
    assert.ok(late > 0 && repeated > 0, 'nothing ever happened');
  });
});
