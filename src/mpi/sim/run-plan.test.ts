import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Network } from '../route/network.ts';
import { type Collective, collectives, plan, type Step } from '../route/plans.ts';
import { Table } from '../route/table.ts';
import { chain, hypercube, oneBus, randomNetwork, ring, starOfStars, twoRails } from '../route/topologies.ts';
import { lowerBound, runPlan } from './run-plan.ts';

const carrier = { carrier: 'shm', alpha: 2, beta: 0.5, shared: false };
const settings = { chunk: 512, window: 64, credits: 16, stripes: 1 };

const networks: readonly (readonly [name: string, network: Network])[] = [
  ['one bus', oneBus(13, carrier)],
  ['a chain', chain(8, carrier)],
  ['a ring', ring(9, carrier)],
  ['two rails', twoRails(6, carrier)],
  ['the star of stars', starOfStars(8, carrier)],
  ['a hypercube', hypercube(5, carrier)],
  ['a random network', randomNetwork(20, 5, carrier)],
];

/** Whose part each node knows in the end, if steps carry all that their sender knows by `after`. */
function knowledge(network: Network, steps: readonly Step[]): Set<number>[] {
  const carried: Set<number>[] = [];
  const known = network.names.map((_, node) => new Set([node]));
  steps.forEach(({ from, to, after }, i) => {
    const knows = new Set([from, ...after.flatMap((each) => [...(carried[each] ?? [])])]);
    for (const each of after) assert.ok(each < i && steps[each]?.to === from);
    carried[i] = knows;
    for (const one of knows) known[to]?.add(one);
  });
  return known;
}

function rightAndBounded(table: Table, collective: Collective, bytes: number): void {
  const { network } = table;
  const steps = plan(table, collective, 0, bytes);
  const known = knowledge(network, steps);
  if (collective === 'reduce') assert.equal(known[0]?.size, network.nodes);
  else if (collective === 'bcast') assert.ok(known.every((one) => one.has(0)));
  else assert.ok(known.every((one) => one.size === network.nodes));
  const bound = lowerBound(table, collective, 0, bytes);
  const time = runPlan(table, steps, settings);
  assert.ok(time >= bound * (1 - 1e-9), `${collective} of ${bytes}: ${time} µs, bound ${bound} µs`);
}

describe("collectives' plans", () => {
  for (const [name, network] of networks)
    it(`bring everything to everybody on ${name}, never faster than the bound`, () => {
      const table = new Table(network);
      for (const collective of collectives)
        for (const bytes of [8, 1024]) rightAndBounded(table, collective, bytes);
    });

  it('need nobody who is no transit to pass anything on', () => {
    const bus = (name: string, members: number[]) => ({ ...carrier, name, members });
    const network = new Network(
      ['a', 'b', 'c', 'fa', 'fc'],
      [bus('one', [0, 1, 3]), bus('two', [2, 4]), bus('net', [3, 4])],
      Uint8Array.from([0, 0, 0, 1, 1]),
    );
    const table = new Table(network);
    for (const collective of collectives) rightAndBounded(table, collective, 64);
  });

  it("take the binomial tree's time on a bus: log2 p steps, twice for allreduce", () => {
    for (const nodes of [2, 8, 64]) {
      const table = new Table(oneBus(nodes, carrier));
      const step = 2 + 64 * 0.5;
      const time = (collective: 'bcast' | 'reduce' | 'allreduce') =>
        runPlan(table, plan(table, collective, 0, 64), settings);
      assert.equal(time('bcast'), Math.log2(nodes) * step);
      assert.equal(time('reduce'), Math.log2(nodes) * step);
      assert.equal(time('allreduce'), 2 * Math.log2(nodes) * step);
    }
  });

  it('cross each bus of the star of stars as often as it has others on it', () => {
    const network = starOfStars(8, carrier);
    const table = new Table(network);
    const between = plan(table, 'bcast', 0, 64).filter(({ from, to }) => from < 8 && to < 8);
    assert.equal(between.length, 7); // to each hub once, the rest within its star
  });

  for (const nodes of [1024, 16_384])
    it(`take few steps more than the bound on ${nodes} nodes`, () => {
      const table = new Table(starOfStars(Math.sqrt(nodes), carrier));
      for (const collective of ['bcast', 'allreduce'] as const) {
        const time = runPlan(table, plan(table, collective, 0, 8), settings);
        const steps = Math.log2(nodes) * (collective === 'bcast' ? 1 : 2);
        assert.ok(time <= steps * (2 + 8 * 0.5) * (1 + 1e-9), `${collective}: ${time} µs`);
        assert.ok(time >= lowerBound(table, collective, 0, 8));
      }
    });

  it('say when a node cannot be reached', () => {
    const network = chain(3, carrier);
    const table = new Table(network);
    table.change(network.portOn(1, 2), false);
    assert.throws(() => plan(table, 'bcast', 0, 8), /no way from n0 to n2/);
  });
});
