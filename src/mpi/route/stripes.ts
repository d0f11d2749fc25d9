/** Long messages over several ways at once. */

import type { Hop, Network } from './network.ts';
import type { Path, Table } from './table.ts';

/** A way, and the part of the message that takes it, 0 to 1. */
export interface Stripe {
  readonly way: readonly Hop[];
  readonly share: number;
}

/** The time of `size` bytes in chunks that are forwarded as they come: the slowest hop sets the pace. */
export function cutThrough(
  network: Network,
  { hops, alpha, beta }: Path,
  size: number,
  chunk: number,
): number {
  const slowest = Math.max(0, ...hops.map(({ from }) => network.busOf(from).beta));
  const first = Math.min(size, chunk);
  return alpha + first * beta + (size - first) * slowest;
}

/** Ways that share no port, nor a bus where one transfer at a time is all it can do; the best first. */
function disjointPaths(table: Table, source: number, target: number, size: number, most: number): Path[] {
  const { network } = table;
  const up = table.ups;
  const found: Path[] = [];
  while (found.length < most) {
    const best = table.copy(up).cheapest(source, target, size);
    if (best === undefined) break;
    found.push(best);
    for (const { from, to } of best.hops) {
      const bus = network.busIndexOf(from);
      if (network.busOf(from).shared) up.fill(0, network.firstPort(bus), network.firstPort(bus + 1));
      up[from] = up[to] = 0;
    }
  }
  return found;
}

/** Shares with which all ways end together: T = fixed_i + n_i × pace_i for each, Σ n_i = size. */
function shares(lines: readonly (readonly [fixed: number, pace: number])[], size: number): number[] {
  const speed = lines.reduce((sum, [, pace]) => sum + 1 / pace, 0);
  const end = (size + lines.reduce((sum, [fixed, pace]) => sum + fixed / pace, 0)) / speed;
  return lines.map(([fixed, pace]) => (end - fixed) / pace / size);
}

/**
 * The ways for a message, at most `most`. A way that would end later than the others without it gets nothing.
 * Empty: there is no way at all.
 */
export function stripes(
  table: Table,
  source: number,
  target: number,
  size: number,
  chunk: number,
  most: number,
): Stripe[] {
  const best = table.best(source, target, size);
  if (best === undefined) return [];
  const alone = [{ way: best.hops, share: 1 }];
  if (best.fixed || most < 2 || size <= chunk || best.beta === 0 || best.hops.length === 0) return alone;
  const paths = disjointPaths(table, source, target, size, most);
  const time = (path: Path, bytes: number) => cutThrough(table.network, path, bytes, chunk);
  const lines = paths.map((path) => {
    const pace = (time(path, 2 * chunk) - time(path, chunk)) / chunk;
    return [time(path, chunk) - pace * chunk, pace] as const;
  });
  for (let count = lines.length; count > 1; count--) {
    const parts = shares(lines.slice(0, count), size);
    if (parts.every((part) => part * size >= chunk))
      return parts.map((share, i) => ({ way: paths[i]?.hops ?? [], share }));
  }
  return alone;
}

/**
 * The best way that has no port in common with another; if there is none, one that shares its first hop, its last, or both,
 * since nodes that have but one port have no choice.
 */
export function detour(table: Table, way: readonly Hop[], size: number): readonly Hop[] | undefined {
  const { network } = table;
  const [first, last] = [way[0], way.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const [source, target] = [network.nodeOf(first.from), network.nodeOf(last.to)];
  const inner = way.slice(1, -1);
  for (const without of [way, way.slice(1), way.slice(0, -1), inner]) {
    if (without.length === 0) continue;
    const up = table.ups;
    for (const { from, to } of without) up[from] = up[to] = 0;
    const best = table.copy(up).cheapest(source, target, size);
    if (best) return best.hops;
  }
  return undefined;
}
