/**
 * Collectives as plans: who sends how much to whom, after what. Long messages are cut into parts that follow each other, so that a node
 * hands on one while the next comes (van de Geijn and Watts, "SUMMA", 1997, §4: pipelined broadcast). Shape and number of
 * parts are those that take least by the cost model.
 */

import { estimate, type Message } from './estimate.ts';
import { type Edges, edgesFrom, shapes } from './shapes.ts';
import type { Table } from './table.ts';

/** A message of a plan. */
export interface Step extends Message {
  /** Which part of the message it is; of a long all gather, whose. */
  readonly part: number;
}

export const collectives = ['bcast', 'reduce', 'allreduce', 'barrier', 'allgather'] as const;
export type Collective = (typeof collectives)[number];

/** No part is shorter, in bytes. */
const leastPart = 4096;
const mostParts = 256;
/**
 * Bytes from which on all gather goes by parts: below, latency counts, which the simulator takes once for messages that follow
 * each other over a hop.
 */
const longAllgather = 32 << 10;
/** A plan with more steps is not tried. */
const mostSteps = 1 << 16;

/** Sizes of parts; the first ones are a byte longer. */
function cut(bytes: number, parts: number): number[] {
  const least = Math.floor(bytes / parts);
  return Array.from({ length: parts }, (_, i) => least + (i < bytes - least * parts ? 1 : 0));
}

/** Down from the root. `ready`: steps that end there and come before. */
function down(
  edges: Edges,
  root: number,
  part: number,
  bytes: number,
  into: Step[],
  ready: readonly number[] = [],
) {
  const got = new Map<number, readonly number[]>([[root, ready]]);
  for (const { from, to } of edges) {
    got.set(to, [into.length]);
    into.push({ from, to, bytes, after: got.get(from) ?? [], part });
  }
}

/**
 * Up to the root: the same edges, the other way and from the last to the first. `size` by how many a node speaks for. Gives
 * the steps that end at the root.
 */
function up(
  edges: Edges,
  root: number,
  part: number,
  size: (nodes: number) => number,
  into: Step[],
): number[] {
  const came = new Map<number, number[]>([[root, []]]);
  const nodes = new Map<number, number>();
  for (const { from, to } of [...edges].reverse()) {
    const speaks = 1 + (nodes.get(to) ?? 0);
    nodes.set(from, speaks + (nodes.get(from) ?? 0));
    const after = came.get(to) ?? [];
    const list = came.get(from);
    if (list) list.push(into.length);
    else came.set(from, [into.length]);
    into.push({ from: to, to: from, bytes: size(speaks), after, part });
  }
  return came.get(root) ?? [];
}

/** Every node's part over the tree to all others, each on its own: nothing comes to a node twice. */
function everywhere(edges: Edges, nodes: number, bytes: number): Step[] {
  const beside: number[][] = Array.from({ length: nodes }, () => []);
  for (const { from, to } of edges) {
    beside[from]?.push(to);
    beside[to]?.push(from);
  }
  const steps: Step[] = [];
  for (let part = 0; part < nodes; part++) {
    const waiting: (readonly [node: number, before: number, after: readonly number[]])[] = [[part, -1, []]];
    for (const [from, before, after] of waiting)
      for (const to of beside[from] ?? []) {
        if (to === before) continue;
        waiting.push([to, from, [steps.length]]);
        steps.push({ from, to, bytes, after, part });
      }
  }
  return steps;
}

/** Up to the root as one, and all of it down. */
function byRoot(edges: Edges, root: number, nodes: number, bytes: number): Step[] {
  const steps: Step[] = [];
  const ready = up(edges, root, 0, (count) => count * bytes, steps);
  down(edges, root, 0, nodes * bytes, steps, ready);
  return steps;
}

function inParts(edges: Edges, collective: Collective, root: number, sizes: readonly number[]): Step[] {
  const steps: Step[] = [];
  sizes.forEach((bytes, part) => {
    const ready = collective === 'bcast' ? [] : up(edges, root, part, () => bytes, steps);
    if (collective !== 'reduce') down(edges, root, part, bytes, steps, ready);
  });
  return steps;
}

/**
 * A block of each node around a ring: for all gather once; for all reduce, from the next node on, once to be reduced and once
 * more to be known (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms", 2009).
 */
function aroundRing(edges: Edges, root: number, sizes: readonly number[], reduces: boolean): Step[] {
  const order = [root, ...edges.map(({ to }) => to)];
  const at = (i: number) => order[i % order.length] as number;
  const hops = (reduces ? 2 : 1) * edges.length;
  const steps: Step[] = [];
  for (const [i, bytes] of sizes.entries())
    for (let hop = 0; hop < hops; hop++) {
      const from = i + hop + (reduces ? 1 : 0);
      const after = hop === 0 ? [] : [steps.length - 1];
      steps.push({ from: at(from), to: at(from + 1), bytes, after, part: at(i) });
    }
  return steps;
}

/** Ways of all gather along a tree. */
function* gathering(edges: Edges, root: number, nodes: number, bytes: number): Generator<Step[]> {
  yield byRoot(edges, root, nodes, bytes);
  if (bytes < longAllgather || nodes * (nodes - 1) > mostSteps) return;
  yield everywhere(edges, nodes, bytes);
  yield aroundRing(edges, root, new Array<number>(nodes).fill(bytes), false);
}

/** Ways of all other collectives along a tree: whole, in more and more parts, and around a ring. */
function* cutting(edges: Edges, collective: Collective, root: number, bytes: number): Generator<Step[]> {
  const each = collective === 'allreduce' ? 2 * edges.length : edges.length;
  const most = Math.min(mostParts, bytes / leastPart, mostSteps / each);
  yield inParts(edges, collective, root, [bytes]);
  for (let parts = 2; parts <= most; parts *= 2) yield inParts(edges, collective, root, cut(bytes, parts));
  const nodes = edges.length + 1;
  if (collective === 'allreduce' && bytes >= nodes * leastPart && each * nodes <= mostSteps)
    yield aroundRing(edges, root, cut(bytes, nodes), true);
}

/** All that is tried, made one by one. */
function* candidates(table: Table, collective: Collective, root: number, bytes: number): Generator<Step[]> {
  for (const shape of shapes) {
    const edges = edgesFrom(table, root, bytes, shape);
    if (collective === 'allgather') yield* gathering(edges, root, table.network.nodes, bytes);
    else yield* cutting(edges, collective, root, bytes);
  }
}

/** `bytes`: of the message; for allgather of each node's part. @throws Error if a node can't be reached */
export function plan(table: Table, collective: Collective, root: number, bytes: number): Step[] {
  let best: Step[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const steps of candidates(table, collective, root, collective === 'barrier' ? 0 : bytes)) {
    const time = estimate(table, steps);
    // What is cheaper in its last digits is not cheaper: then the first, which is the simplest.
    if (time < least * (1 - 1e-9)) [best, least] = [steps, time];
  }
  return best;
}
