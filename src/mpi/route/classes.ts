/** Pairs whose routes look alike, so that a table of any size can be read: by carriers, costs and thresholds. */

import type { Network } from './network.ts';
import type { Route, Table } from './table.ts';

/** A route, told by what it is made of. */
export interface RouteLine {
  /** Bytes from which on it is the best. */
  readonly least: number;
  readonly hops: number;
  readonly carriers: readonly string[];
  /** µs. */
  readonly alpha: number;
  /** µs per byte. */
  readonly beta: number;
}

export interface PairClass {
  pairs: number;
  readonly example: readonly [source: string, target: string];
  /** Empty: there is no way. */
  readonly routes: readonly RouteLine[];
}

/** More pairs than that are not all looked at. */
const mostPairs = 1 << 14;
const rounded = (value: number) => Number(value.toPrecision(9));

const lineOf = (network: Network, { least, hops, alpha, beta }: Route): RouteLine => ({
  least,
  hops: hops.length,
  carriers: hops.map(({ from }) => network.busOf(from).carrier),
  alpha: rounded(alpha),
  beta: rounded(beta),
});

/** All nodes, or some at equal distances. */
function some(nodes: number, most: number): number[] {
  const count = Math.min(nodes, most);
  return Array.from({ length: count }, (_, i) => Math.floor((i * nodes) / count));
}

export interface ClassOptions {
  /** The first so many nodes alone. */
  readonly nodes?: number;
  /** Routes of a pair, where not all of the table's count. */
  readonly routes?: (source: number, target: number) => readonly Route[];
}

/** The classes, the greatest first, and how many pairs were looked at. */
export function pairClasses(
  table: Table,
  options: ClassOptions = {},
): { readonly looked: number; readonly classes: PairClass[] } {
  const { network } = table;
  const { nodes = network.nodes, routes: routesOf = (...pair) => table.routes(...pair) } = options;
  const { names } = network;
  const all = nodes * (nodes - 1) <= mostPairs;
  const targets = some(nodes, all ? nodes : mostPairs / 8);
  const found = new Map<string, PairClass>();
  let looked = 0;
  for (const source of some(nodes, all ? nodes : 8))
    for (const target of targets) {
      if (source === target) continue;
      looked++;
      const routes = routesOf(source, target).map((route) => lineOf(network, route));
      const key = JSON.stringify(routes);
      const known = found.get(key);
      if (known) known.pairs++;
      else found.set(key, { pairs: 1, example: [names[source] ?? '', names[target] ?? ''], routes });
    }
  return { looked, classes: [...found.values()].sort((a, b) => b.pairs - a.pairs) };
}
