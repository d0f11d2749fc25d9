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

/** Every hop that the node can make over ports that work. */
function hopsOf(network: Network, node: number, up: (port: number) => boolean): Hop[] {
  return [...network.portsOf(node)].filter(up).flatMap((from) => {
    const bus = network.busIndexOf(from);
    const ports = (network.buses[bus]?.members ?? []).map((peer) => network.portOn(bus, peer));
    return ports.filter((to) => to !== from && up(to)).map((to) => ({ from, to }));
  });
}

/** Every simple path between two nodes over ports that work: the slow reference. */
function everyPath(network: Network, source: number, target: number, up: (port: number) => boolean): Path[] {
  const found: Path[] = [];
  const visit = (node: number, seen: ReadonlySet<number>, hops: readonly Hop[]): void => {
    if (node === target) return void found.push(pathOf(network, hops));
    for (const hop of hopsOf(network, node, up)) {
      const peer = network.nodeOf(hop.to);
      if (!seen.has(peer)) visit(peer, new Set([...seen, peer]), [...hops, hop]);
    }
  };
  visit(source, new Set([source]), []);
  return found;
}

/** Up to six nodes, and buses of two to four of them. */
const anyNetwork = fc.integer({ min: 2, max: 6 }).chain((nodes) =>
  fc
    .array(
      fc.record({
        alpha: fc.integer({ min: 1, max: 50 }),
        beta: fc.integer({ min: 0, max: 20 }),
        members: fc.uniqueArray(fc.nat(nodes - 1), { minLength: 2, maxLength: Math.min(nodes, 4) }),
      }),
      { minLength: 1, maxLength: 7 },
    )
    .map((drafts) => {
      const buses = drafts.map((draft, i): Bus => ({ ...draft, name: `b${i}`, carrier: 'x', shared: false }));
      return new Network(
        Array.from({ length: nodes }, (_, i) => `n${i}`),
        buses,
      );
    }),
);

const sizes = [0, 1, 2, 3, 5, 8, 13, 50, 400, 1e6];

function sameAsReference(table: Table, network: Network): void {
  for (let source = 0; source < network.nodes; source++)
    for (let target = 0; target < network.nodes; target++) {
      const all = everyPath(network, source, target, (port) => table.isUp(port));
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
