/** Known networks by name, of any size. */

import { type Bus, Network } from './network.ts';

/** What all buses of a generated network have in common. */
export type Carrier = Omit<Bus, 'name' | 'members'>;

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const named = (count: number): string[] => range(count).map((i) => `n${i}`);

function network(nodes: number, carrier: Carrier, buses: readonly (readonly number[])[]): Network {
  return new Network(
    named(nodes),
    buses.map((members, i) => ({ ...carrier, name: `bus${i}`, members })),
  );
}

export const oneBus = (nodes: number, carrier: Carrier): Network => network(nodes, carrier, [range(nodes)]);

export const chain = (nodes: number, carrier: Carrier): Network =>
  network(
    nodes,
    carrier,
    range(Math.max(0, nodes - 1)).map((i) => [i, i + 1]),
  );

export const ring = (nodes: number, carrier: Carrier): Network =>
  network(
    nodes,
    carrier,
    range(nodes).map((i) => [i, (i + 1) % nodes]),
  );

/** Two buses, all nodes on both. */
export const twoRails = (nodes: number, carrier: Carrier): Network =>
  network(nodes, carrier, [range(nodes), range(nodes)]);

/** RFC 2143 §5: hosts on a bus, each with a second adapter for a bus of its own. `side` 8 gives its 64 hosts. */
export function starOfStars(side: number, carrier: Carrier): Network {
  const stars = range(side).map((hub) => [hub, ...range(side - 1, side + hub * (side - 1))]);
  return network(side * side, carrier, [range(side), ...stars]);
}

/** 2^dimensions nodes; a link for every bit in which two differ. */
export function hypercube(dimensions: number, carrier: Carrier): Network {
  const nodes = 2 ** dimensions;
  const links = range(nodes).flatMap((node) =>
    range(dimensions)
      .map((bit) => node ^ (1 << bit))
      .filter((peer) => peer > node)
      .map((peer) => [node, peer]),
  );
  return network(nodes, carrier, links);
}

/** Numbers in [0, 1) from a seed, by mulberry32 (public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A random tree, and half as many links again; latencies and bandwidths up to ten times those of the carrier. */
export function randomNetwork(nodes: number, seed: number, carrier: Carrier): Network {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const links = range(Math.max(0, nodes - 1), 1).map((node) => [below(node), node]);
  for (let i = 0; nodes > 2 && i < nodes / 2; i++) {
    const one = below(nodes);
    links.push([one, (one + 1 + below(nodes - 1)) % nodes]);
  }
  const buses = links.map((members, i) => {
    const [slower, thinner] = [1 + 9 * random(), 1 + 9 * random()];
    return {
      ...carrier,
      name: `bus${i}`,
      alpha: carrier.alpha * slower,
      beta: carrier.beta * thinner,
      members,
    };
  });
  return new Network(named(nodes), buses);
}
