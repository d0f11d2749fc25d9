import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Network } from '../route/network.ts';
import type { RouterSettings } from '../route/settings.ts';
import {
  chain,
  hypercube,
  oneBus,
  randomNetwork,
  randomNumbers,
  ring,
  starOfStars,
  twoRails,
} from '../route/topologies.ts';
import { Simulation } from './simulation.ts';

const carrier = { carrier: 'shm', alpha: 2, beta: 0.5, shared: false };
const settings: RouterSettings = { chunk: 64, window: 8, credits: 2, stripes: 4 };

/** A network that counts what comes, and in which order. */
function observed(network: Network, more: Partial<RouterSettings> = {}) {
  const came = new Map<string, number[]>();
  const simulation = new Simulation(network, { ...settings, ...more }, (source, target, message) => {
    const key = `${source} ${target}`;
    came.set(key, [...(came.get(key) ?? []), message]);
    return true;
  });
  return { simulation, came };
}

/** Each pair sends `count` messages. */
function allToAll(network: Network, simulation: Simulation, count: number, size: number): void {
  for (let message = 0; message < count; message++)
    for (let source = 0; source < network.nodes; source++)
      for (let target = 0; target < network.nodes; target++)
        if (source !== target) simulation.send(source, target, message, size);
}

function allCame(network: Network, came: ReadonlyMap<string, readonly number[]>, count: number): void {
  const expected = Array.from({ length: count }, (_, i) => i);
  for (let source = 0; source < network.nodes; source++)
    for (let target = 0; target < network.nodes; target++)
      if (source !== target)
        assert.deepEqual(came.get(`${source} ${target}`), expected, `${source} to ${target}`);
}

const networks: readonly (readonly [name: string, network: Network])[] = [
  ['one bus', oneBus(8, carrier)],
  ['one shared bus', oneBus(8, { ...carrier, shared: true })],
  ['a chain', chain(8, carrier)],
  ['a ring', ring(9, carrier)],
  ['two rails', twoRails(6, carrier)],
  ['the star of stars', starOfStars(8, carrier)],
  ['a hypercube', hypercube(4, carrier)],
  ['a random network', randomNetwork(14, 5, carrier)],
];

describe('routers in virtual time', () => {
  for (const [name, network] of networks)
    it(`all-to-all with one buffer ends on ${name}: every message once, in order`, () => {
      const { simulation, came } = observed(network, { credits: 1, window: 2 });
      const count = network.nodes > 20 ? 1 : 3;
      allToAll(network, simulation, count, 100);
      simulation.run(2e7);
      allCame(network, came, count);
    });

  it('takes α + nβ over a hop, and forwards chunks as they come', () => {
    const time = (nodes: number, size: number) => {
      let end = 0;
      const watched = new Simulation(chain(nodes, carrier), { ...settings, credits: 4 }, () => {
        end = watched.events.now;
        return true;
      });
      watched.send(0, nodes - 1, 0, size);
      watched.run();
      return end;
    };
    assert.equal(time(2, 6400), 2 + 6400 * 0.5);
    assert.equal(time(4, 64), 3 * (2 + 64 * 0.5));
    assert.ok(time(4, 6400) < 1.1 * time(2, 6400)); // not three times
  });

  it('stripes long messages over two rails', () => {
    const time = (stripes: number) => {
      let end = 0;
      const watched = new Simulation(
        twoRails(2, carrier),
        { ...settings, window: 32, credits: 8, stripes },
        () => {
          end = watched.events.now;
          return true;
        },
      );
      watched.send(0, 1, 0, 64_000);
      watched.run();
      return end;
    };
    assert.ok(time(1) / time(2) > 1.9, `${time(1)} and ${time(2)} µs`);
  });

  it('goes round a cut at once, and waits out one that leaves no way', () => {
    const network = ring(6, carrier);
    const { simulation, came } = observed(network);
    for (let message = 0; message < 20; message++) simulation.send(0, 2, message, 640);
    const [near, far] = [network.portOn(1, 1), network.portOn(3, 3)];
    simulation.events.at(500, () => simulation.change(near, false));
    simulation.events.at(900, () => simulation.change(far, false)); // now 0 is cut from 2
    simulation.events.at(5000, () => simulation.change(near, true));
    simulation.run(1e6);
    assert.deepEqual(
      came.get('0 2'),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.ok((simulation.routers[5]?.counters.forwarded ?? 0) > 0, 'nothing went the other way round');
  });

  it('keeps every message, once and in order, over random failures and recoveries', () => {
    let lost = 0;
    const scenario = fc.record({
      nodes: fc.integer({ min: 3, max: 9 }),
      seed: fc.nat(1e6),
      failures: fc.integer({ min: 1, max: 6 }),
      credits: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(scenario, ({ nodes, seed, failures, credits }) => {
        const network = randomNetwork(nodes, seed, carrier);
        const { simulation, came } = observed(network, { credits, window: 4 });
        const random = randomNumbers(seed);
        allToAll(network, simulation, 3, 150);
        for (let i = 0; i < failures; i++) {
          const port = Math.floor(random() * network.ports);
          const at = random() * 4000;
          simulation.events.at(at, () => simulation.change(port, false));
          simulation.events.at(4000 + random() * 4000, () => simulation.change(port, true));
        }
        simulation.run(2e6);
        allCame(network, came, 3);
        lost += simulation.routers.reduce(
          (sum, { counters }) => sum + counters.duplicates + counters.droppedInTransit,
          0,
        );
        for (const { counters, table } of simulation.routers) {
          assert.ok(counters.mostWaiting <= 4);
          for (let port = 0; port < network.ports; port++) assert.ok(table.isUp(port)); // all know that all is well
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(lost > 0, 'no failure ever hit a chunk');
  });
});
