import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Bus, type Hop, Network } from './network.ts';
import { costOf, type Path, pathOf, Table } from './table.ts';
import {
  chain,
  hypercube,
  oneBus,
  randomNetwork,
  randomNumbers,
  ring,
  starOfStars,
  twoRails,
} from './topologies.ts';

const carrier = { carrier: 'shm', alpha: 2, beta: 0.5, shared: false };

type Works = (hop: Hop) => boolean;

/** Every hop that the node can make. */
function hopsOf(network: Network, node: number, works: Works): Hop[] {
  return [...network.portsOf(node)].flatMap((from) => {
    const bus = network.busIndexOf(from);
    const ports = (network.buses[bus]?.members ?? []).map((peer) => network.portOn(bus, peer));
    return ports.filter((to) => to !== from && works({ from, to })).map((to) => ({ from, to }));
  });
}

/** Every simple path between two nodes: the slow reference. */
function everyPath(network: Network, source: number, target: number, works: Works): Path[] {
  const found: Path[] = [];
  const visit = (node: number, seen: ReadonlySet<number>, hops: readonly Hop[]): void => {
    if (node === target) return void found.push(pathOf(network, hops));
    if (node !== source && !network.passes(node)) return;
    for (const hop of hopsOf(network, node, works)) {
      const peer = network.nodeOf(hop.to);
      if (!seen.has(peer)) visit(peer, new Set([...seen, peer]), [...hops, hop]);
    }
  };
  visit(source, new Set([source]), []);
  return found;
}

/** Up to six nodes, most of which may be passed through, and buses of two to four of them. */
const anyNetwork = fc.integer({ min: 2, max: 6 }).chain((nodes) => {
  const bus = fc.record({
    alpha: fc.integer({ min: 1, max: 50 }),
    beta: fc.integer({ min: 0, max: 20 }),
    members: fc.uniqueArray(fc.nat(nodes - 1), { minLength: 2, maxLength: Math.min(nodes, 4) }),
  });
  const transit = fc.array(fc.constantFrom(1, 1, 1, 0), { minLength: nodes, maxLength: nodes });
  return fc.record({ drafts: fc.array(bus, { minLength: 1, maxLength: 7 }), transit }).map((found) => {
    const buses = found.drafts.map(
      (draft, i): Bus => ({ ...draft, name: `b${i}`, carrier: 'x', shared: false }),
    );
    const names = Array.from({ length: nodes }, (_, i) => `n${i}`);
    return new Network(names, buses, Uint8Array.from(found.transit));
  });
});

const sizes = [0, 1, 2, 3, 5, 8, 13, 50, 400, 1e6];

function sameAsReference(table: Table, network: Network): void {
  for (let source = 0; source < network.nodes; source++)
    for (let target = 0; target < network.nodes; target++) {
      const all = everyPath(network, source, target, (hop) => table.works(hop));
      const routes = table.routes(source, target);
      assert.equal(routes.length === 0, all.length === 0);
      for (const size of all.length > 0 ? [...sizes, ...routes.map(({ least }) => least)] : []) {
        const best = table.best(source, target, size);
        assert.ok(best);
        const least = Math.min(...all.map((path) => costOf(path, size)));
        assert.ok(
          Math.abs(costOf(best, size) - least) <= 1e-9 * least,
          `${source} to ${target}, ${size} bytes`,
        );
      }
    }
}

describe('the routing table', () => {
  it('gives the cheapest of all simple paths for every size', () => {
    fc.assert(
      fc.property(anyNetwork, (network) => sameAsReference(new Table(network), network)),
      { numRuns: 150 },
    );
  });

  it('stays right over failures and recoveries, mended in place', () => {
    const changes = fc.array(fc.nat(200), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyNetwork, changes, (network, flips) => {
        const table = new Table(network);
        for (const flip of flips) {
          table.routes(flip % network.nodes, 0); // so that there are trees to be mended
          const port = flip % network.ports;
          table.change(port, !table.isUp(port));
          sameAsReference(table, network);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('stays right when pairs on a bus stop hearing each other, and ports fail as well', () => {
    const changes = fc.array(fc.record({ pair: fc.nat(1e6), port: fc.nat(200) }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(anyNetwork, changes, (network, flips) => {
        const table = new Table(network);
        for (const { pair, port } of flips) {
          const bus = pair % network.buses.length;
          const first = network.firstPort(bus);
          const members = network.firstPort(bus + 1) - first;
          const [one, other] = [first + (pair % members), first + ((pair + 1) % members)];
          table.deafen(one, other, pair % 3 !== 0);
          sameAsReference(table, network);
          table.change(port % network.ports, !table.isUp(port % network.ports));
          sameAsReference(table, network);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leads nothing through who is no transit, but to them and from them', () => {
    const members = [0, 1];
    const bus = { ...carrier, name: 'b', members };
    const network = new Network(
      ['a', 'b', 'c'],
      [bus, { ...bus, members: [1, 2] }],
      Uint8Array.from([1, 0, 1]),
    );
    const table = new Table(network);
    assert.equal(table.best(0, 2, 1), undefined);
    assert.equal(table.best(0, 1, 1)?.hops.length, 1);
    assert.equal(table.best(1, 2, 1)?.hops.length, 1);
    assert.throws(() => new Network(['a', 'b'], [bus], Uint8Array.from([1])), /1 entries for 2 nodes/);
  });

  it('changes the path where the lines cross, and nowhere else', () => {
    fc.assert(
      fc.property(anyNetwork, (network) => {
        const routes = new Table(network).routes(0, network.nodes - 1);
        routes.slice(1).forEach((route, i) => {
          const before = routes[i];
          assert.ok(before && route.least >= before.least && route.beta < before.beta);
          assert.ok(costOf(route, route.least) <= costOf(before, route.least) * (1 + 1e-9));
          if (route.least > 0)
            assert.ok(costOf(route, route.least - 1) * (1 + 1e-9) >= costOf(before, route.least - 1));
        });
      }),
    );
  });

  it('knows the paths of the well-known networks', () => {
    const hops = (network: Network, source: number, target: number) =>
      new Table(network).best(source, target, 100)?.hops.length;
    assert.equal(hops(oneBus(8, carrier), 0, 7), 1);
    assert.equal(hops(twoRails(8, carrier), 3, 4), 1);
    assert.equal(hops(chain(10, carrier), 0, 9), 9);
    assert.equal(hops(ring(10, carrier), 0, 7), 3);
    assert.equal(starOfStars(8, carrier).nodes, 64);
    assert.equal(hops(starOfStars(8, carrier), 8, 63), 3);
    assert.equal(hops(hypercube(6, carrier), 0, 63), 6);
    assert.equal(hops(hypercube(6, carrier), 5, 5), 0);
  });

  it('names the cut when no way is left', () => {
    const network = chain(4, carrier);
    const table = new Table(network);
    const port = network.portOn(1, 2);
    table.change(port, false);
    assert.deepEqual(table.routes(0, 3), []);
    assert.deepEqual(table.cut(0), ['bus1:n2']);
    table.change(port, true);
    assert.equal(table.best(0, 3, 1)?.hops.length, 3);
    assert.deepEqual(table.cut(0), []);
    table.deafen(network.portOn(1, 1), network.portOn(1, 2), true);
    assert.deepEqual(table.routes(0, 3), []);
    assert.deepEqual(table.cut(0), ['bus1:n1-n2']);
  });

  it('names what failed on buses that lie between what is reached and what is not', () => {
    const network = twoRails(3, carrier);
    const table = new Table(network);
    table.change(network.portOn(0, 1), false); // the other rail still goes there
    for (const bus of [0, 1]) table.change(network.portOn(bus, 2), false);
    assert.deepEqual(table.cut(0), ['bus0:n1', 'bus0:n2', 'bus1:n2']);
    for (const bus of [0, 1]) table.change(network.portOn(bus, 2), true);
    assert.deepEqual(table.cut(0), []);
  });

  it('refuses impossible networks and ports', () => {
    const bus = { ...carrier, name: 'b', members: [0, 1] };
    assert.throws(() => new Network(['a', 'b'], [{ ...bus, alpha: 0 }]), /bus b: alpha 0 is not above 0/);
    assert.throws(() => new Network(['a', 'b'], [{ ...bus, beta: Number.NaN }]), /beta/);
    assert.throws(() => new Network(['a', 'b'], [{ ...bus, members: [0, 0] }]), /two ports/);
    assert.throws(() => new Network(['a'], [bus]), /no node/);
    assert.throws(() => new Table(new Network(['a', 'b'], [bus])).change(2, false), /no port 2/);
  });

  for (const nodes of [1024, 16_384])
    it(`keeps little for ${nodes} nodes`, () => {
      const network = starOfStars(Math.sqrt(nodes), carrier);
      const table = new Table(network);
      const before = process.memoryUsage();
      const random = randomNumbers(1);
      const any = () => Math.floor(random() * nodes);
      for (let i = 0; i < 50; i++) assert.ok((table.best(any(), any(), 1e6)?.hops.length ?? 9) <= 3);
      const after = process.memoryUsage();
      const grown = after.arrayBuffers - before.arrayBuffers;
      assert.ok(grown < 120 * 2 ** 20, `${grown} bytes`); // all pairs would be gigabytes
    });

  it('makes the same random network from the same seed', () => {
    assert.deepEqual(randomNetwork(20, 7, carrier).buses, randomNetwork(20, 7, carrier).buses);
    assert.notDeepEqual(randomNetwork(20, 7, carrier).buses, randomNetwork(20, 8, carrier).buses);
  });
});
