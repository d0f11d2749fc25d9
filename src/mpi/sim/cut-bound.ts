/**
 * What the slow buses of a network allow: the nodes that faster buses join are islands, and all that an island lacks comes
 * in by its ports on the slower ones.
 */

import type { Network } from '../route/network.ts';

/** The island of each node, where only buses faster than `beta` join. */
function islands({ nodes, buses }: Network, beta: number): Int32Array {
  const chief = Int32Array.from({ length: nodes }, (_, node) => node);
  const find = (node: number): number => {
    let at = node;
    while (chief[at] !== at) at = chief[at] = chief[chief[at] as number] as number;
    return at;
  };
  for (const bus of buses.filter((one) => one.beta < beta))
    for (const node of bus.members) chief[find(node)] = find(bus.members[0] as number);
  return chief.map((_, node) => find(node));
}

/** Bytes per µs that come into each island. */
function capacities({ nodes, buses }: Network, beta: number, island: Int32Array): Float64Array {
  const into = new Float64Array(nodes);
  for (const bus of buses.filter((one) => one.beta >= beta)) {
    const there = bus.members.map((node) => island[node] as number);
    for (const one of bus.shared ? new Set(there) : there)
      if (there.some((other) => other !== one)) into[one] = (into[one] as number) + 1 / bus.beta;
  }
  return into;
}

/** µs. `lacks`: bytes that an island of so many nodes lacks, or that others lack of it. */
export function cutBound(network: Network, lacks: (nodes: number) => number): number {
  let bound = 0;
  for (const beta of new Set(network.buses.map((bus) => bus.beta))) {
    if (beta === 0) continue;
    const island = islands(network, beta);
    const into = capacities(network, beta, island);
    const sizes = new Map<number, number>();
    for (const one of island) sizes.set(one, (sizes.get(one) ?? 0) + 1);
    for (const [one, size] of sizes)
      if (size < network.nodes) bound = Math.max(bound, lacks(size) / (into[one] as number));
  }
  return bound;
}
