/**
 * How a message spreads over the tree of cheapest paths from a root: on each bus whoever got it there hands it to the others,
 * in a shape that suits the size. So a message crosses each bus once, and buses work side by side.
 */

import type { Table } from './table.ts';

/** Binomial: few steps; chain: each sends once, for many parts one behind the other; binary: between these. */
export const shapes = ['binomial', 'binary', 'chain'] as const;
export type Shape = (typeof shapes)[number];

interface Edge {
  readonly from: number;
  readonly to: number;
}

/** From the root outwards: an edge comes after the one by which its sender got the message. */
export type Edges = readonly Edge[];

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
function binomial(holder: number, list: readonly number[]): Edge[] {
  const edges: Edge[] = [];
  const waiting: (readonly [holder: number, list: readonly number[]])[] = [[holder, list]];
  for (const [from, [to, ...others]] of waiting) {
    if (to === undefined) continue;
    edges.push({ from, to });
    waiting.push([from, others.filter((_, i) => i % 2 === 0)], [to, others.filter((_, i) => i % 2 === 1)]);
  }
  return edges;
}

function spread(shape: Shape, holder: number, list: readonly number[]): Edge[] {
  if (shape === 'binomial') return binomial(holder, list);
  const all = [holder, ...list];
  const parent = (i: number) => (shape === 'chain' ? i : i >>> 1);
  return list.map((to, i) => ({ from: all[parent(i)] as number, to }));
}

/** Whoever has the longest way to go is served first. @throws Error if a node can't be reached */
export function edgesFrom(table: Table, root: number, size: number, shape: Shape): Edges {
  const tree = spanning(table, root, size);
  const depth = depths(tree, root);
  const edges: Edge[] = [];
  const order = [root];
  for (const node of order)
    for (const list of tree.get(node)?.values() ?? []) {
      list.sort((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0) || a - b);
      edges.push(...spread(shape, node, list));
      order.push(...list);
    }
  return edges;
}
