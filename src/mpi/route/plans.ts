/**
 * Collectives as plans: who sends how much to whom, after what. They follow the tree of cheapest paths from the root, bus by
 * bus: on each bus whoever got the message there hands it to the others by a binomial tree. So a message crosses each bus
 * once, and buses work side by side. Not here: plans that split messages (rings, Rabenseifner).
 */

import type { Table } from './table.ts';

/** A message of a plan; it is sent once all in `after`, which end at its sender, have come. */
export interface Step {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly after: readonly number[];
}

export const collectives = ['bcast', 'reduce', 'allreduce', 'barrier', 'allgather'] as const;
export type Collective = (typeof collectives)[number];

/** Edges from the root outwards: an edge comes after the one by which its sender got the message. */
type Edges = readonly { readonly from: number; readonly to: number }[];

/** Nodes handed the message over one bus by one node. */
type Children = ReadonlyMap<number, number[]>;

/** Children of each node, by bus. @throws Error if a node can't be reached */
function spanning(table: Table, root: number, size: number): ReadonlyMap<number, Children> {
  const { network } = table;
  const found = new Map<number, Map<number, number[]>>();
  for (let node = 0; node < network.nodes; node++) {
    if (node === root) continue;
    const hop = table.lastHop(root, node, size);
    if (hop === undefined) throw new Error(`no way from ${network.names[root]} to ${network.names[node]}`);
    const parent = network.nodeOf(hop.from);
    const buses = found.get(parent) ?? new Map<number, number[]>();
    found.set(parent, buses);
    const bus = network.busIndexOf(hop.from);
    const list = buses.get(bus);
    if (list) list.push(node);
    else buses.set(bus, [node]);
  }
  return found;
}

/** Rounds that the tree below each node takes; without recursion, as chains are deep. */
function depths(tree: ReadonlyMap<number, Children>, root: number): ReadonlyMap<number, number> {
  const order = [root];
  for (const node of order) for (const list of tree.get(node)?.values() ?? []) order.push(...list);
  const depth = new Map<number, number>();
  for (const node of order.reverse()) {
    let most = 0;
    for (const list of tree.get(node)?.values() ?? [])
      most = Math.max(
        most,
        Math.ceil(Math.log2(list.length + 1)),
        1 + Math.max(...list.map((one) => depth.get(one) ?? 0)),
      );
    depth.set(node, most);
  }
  return depth;
}

/** A holder serves the first of the list, and leaves it every second of the others. */
function binomial(holder: number, list: readonly number[], into: { from: number; to: number }[]): void {
  const waiting: (readonly [holder: number, list: readonly number[]])[] = [[holder, list]];
  for (const [from, [to, ...others]] of waiting) {
    if (to === undefined) continue;
    into.push({ from, to });
    waiting.push([from, others.filter((_, i) => i % 2 === 0)], [to, others.filter((_, i) => i % 2 === 1)]);
  }
}

/** Whoever has the longest way to go is served first. */
function edgesFrom(table: Table, root: number, size: number): Edges {
  const tree = spanning(table, root, size);
  const depth = depths(tree, root);
  const edges: { from: number; to: number }[] = [];
  const order = [root];
  for (const node of order)
    for (const list of tree.get(node)?.values() ?? []) {
      list.sort((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0) || a - b);
      binomial(node, list, edges);
      order.push(...list);
    }
  return edges;
}

/** Down from the root; `first`: how many steps came before, of which those in `ready` end at the root. */
function down(edges: Edges, root: number, bytes: number, first = 0, ready: readonly number[] = []): Step[] {
  const got = new Map<number, readonly number[]>([[root, ready]]);
  edges.forEach(({ to }, i) => {
    got.set(to, [first + i]);
  });
  return edges.map(({ from, to }) => ({ from, to, bytes, after: got.get(from) ?? [] }));
}

/** Up to the root: the same edges, the other way and from the last to the first. `size` by how many a node speaks for. */
function up(edges: Edges, size: (nodes: number) => number): Step[] {
  const came = new Map<number, number[]>();
  const nodes = new Map<number, number>();
  return [...edges].reverse().map(({ from, to }, i) => {
    const speaks = 1 + (nodes.get(to) ?? 0);
    nodes.set(from, speaks + (nodes.get(from) ?? 0));
    const step = { from: to, to: from, bytes: size(speaks), after: came.get(to) ?? [] };
    came.set(from, [...(came.get(from) ?? []), i]);
    return step;
  });
}

/** `bytes`: of the message; for allgather of each node's part. */
export function plan(table: Table, collective: Collective, root: number, bytes: number): Step[] {
  const { nodes } = table.network;
  const size = collective === 'barrier' ? 0 : bytes;
  const edges = edgesFrom(table, root, size);
  if (collective === 'bcast') return down(edges, root, size);
  const gathered = up(edges, collective === 'allgather' ? (count) => count * size : () => size);
  if (collective === 'reduce') return gathered;
  const ready = gathered.flatMap(({ to }, i) => (to === root ? [i] : []));
  const all = collective === 'allgather' ? nodes * size : size;
  return [...gathered, ...down(edges, root, all, gathered.length, ready)];
}
