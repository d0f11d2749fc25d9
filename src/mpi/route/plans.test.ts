import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { estimate } from './estimate.ts';
import type { Network } from './network.ts';
import { type Collective, plan, type Step } from './plans.ts';
import { Table } from './table.ts';
import { chain, oneBus, randomNetwork, starOfStars, twoRails } from './topologies.ts';

const carrier = { carrier: 'shm', alpha: 1, beta: 0.001, shared: false };
const networks: readonly (readonly [name: string, network: Network])[] = [
  ['one bus', oneBus(9, carrier)],
  ['a shared bus', oneBus(5, { ...carrier, shared: true })],
  ['a chain', chain(6, carrier)],
  ['two rails', twoRails(6, carrier)],
  ['the star of stars', starOfStars(4, carrier)],
  ['a random network', randomNetwork(14, 3, carrier)],
];
const mebibyte = 1 << 20;

/** Steps by part. */
function byPart(steps: readonly Step[]): Step[][] {
  const parts: Step[][] = [];
  for (const step of steps) {
    const list = parts[step.part];
    if (list) list.push(step);
    else parts[step.part] = [step];
  }
  return parts;
}

/** Of whom each node has heard after the steps of one part, if a step carries what came by those before it. */
function heard(nodes: number, all: readonly Step[], steps: readonly Step[]): Set<number>[] {
  const carried = new Map<Step, Set<number>>();
  const known = Array.from({ length: nodes }, (_, node) => new Set([node]));
  for (const step of steps) {
    const before = step.after.map((each) => all[each] as Step);
    for (const one of before) assert.ok(one.to === step.from && one.part === step.part);
    const knows = new Set([step.from, ...before.flatMap((one) => [...(carried.get(one) ?? [])])]);
    carried.set(step, knows);
    for (const one of knows) known[step.to]?.add(one);
  }
  return known;
}

function right(collective: Collective, network: Network, bytes: number): void {
  const { nodes } = network;
  const steps = plan(new Table(network), collective, 0, bytes);
  const parts = byPart(steps);
  for (const [part, list] of parts.entries()) {
    const known = heard(nodes, steps, list);
    if (collective !== 'bcast') assert.equal(known[0]?.size, nodes);
    if (collective === 'bcast') for (const one of known) assert.ok(one.has(0));
    if (collective === 'allreduce') for (const one of known) assert.equal(one.size, nodes);
    assert.ok(
      list.every((step) => step.bytes === list[0]?.bytes),
      `part ${part}`,
    );
  }
  assert.equal(
    parts.reduce((sum, list) => sum + (list[0]?.bytes ?? 0), 0),
    bytes,
  );
}

describe('plans of long messages', () => {
  for (const [name, network] of networks)
    it(`bring each part where it belongs, on ${name}`, () => {
      for (const collective of ['bcast', 'reduce', 'allreduce'] as const)
        for (const bytes of [100_001, mebibyte]) right(collective, network, bytes);
    });

  it('bring to each node each part of a long all gather once', () => {
    for (const [, network] of networks) {
      const steps = plan(new Table(network), 'allgather', 0, mebibyte);
      const came = steps.map(({ to, part }) => `${to} ${part}`);
      assert.equal(new Set(came).size, came.length);
      assert.equal(came.length, network.nodes * (network.nodes - 1));
    }
  });

  const time = (network: Network, collective: Collective) => {
    const table = new Table(network);
    return estimate(table, plan(table, collective, 0, mebibyte));
  };

  it('hand on one part while the next comes: a long message takes little more than over one hop', () => {
    const once = carrier.alpha + mebibyte * carrier.beta;
    for (const network of [oneBus(16, carrier), chain(8, carrier), starOfStars(8, carrier)]) {
      assert.ok(time(network, 'bcast') < 1.4 * once);
      assert.ok(time(network, 'reduce') < 1.4 * once);
      assert.ok(time(network, 'allreduce') < 4 * once);
    }
    assert.ok(time(oneBus(16, carrier), 'allreduce') < 2 * once);
    assert.ok(time(oneBus(16, carrier), 'allgather') < 15 * 1.1 * once);
  });

  it('gain nothing on a bus that carries one at a time', () => {
    const shared = oneBus(4, { ...carrier, shared: true });
    assert.ok(time(shared, 'bcast') >= 3 * mebibyte * carrier.beta);
  });
});
