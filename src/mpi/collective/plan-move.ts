/** Collectives that move data, without regard to groups of ranks: choice.ts says how. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { binomialBcast } from './binomial-bcast.ts';
import { binomialGather } from './binomial-gather.ts';
import { binomialScatter } from './binomial-scatter.ts';
import { type Blocks, equal } from './blocks.ts';
import { bruckAllgather } from './bruck-allgather.ts';
import { bruckAlltoall } from './bruck-alltoall.ts';
import { flat } from './choice.ts';
import { doublingAllgather } from './doubling-allgather.ts';
import type { Lane } from './lane.ts';
import { linearGather, linearScatter } from './linear.ts';
import { pairwiseAlltoall } from './pairwise-alltoall.ts';
import { ringAllgather } from './ring-allgather.ts';
import { scatterBcast } from './scatter-bcast.ts';

const sizeOf = (data: TypedArray) => ({ bytes: data.byteLength, units: data.length, commutes: true });

export function bcast(lane: Lane, buffer: TypedArray, root: number): Steps {
  const way = flat.bcast(sizeOf(buffer), lane.size);
  return way === 'binomial tree' ? binomialBcast(lane, buffer, root) : scatterBcast(lane, buffer, root);
}

/** `block` undefined: the root's lies in place. */
export function* gather(
  lane: Lane,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  root: number,
): Steps {
  const mine = block ?? rootBlock(lane, into, root);
  if (!mine) return;
  if (flat.gather(sizeOf(mine), lane.size) === 'binomial tree') {
    yield* binomialGather(lane, mine, into, root);
    return;
  }
  const { counts, offsets } = equal(mine.length, lane.size);
  yield* linearGather(lane, block, into, counts, offsets, root);
}

/** `block` undefined: the root's stays in place. */
export function* scatter(
  lane: Lane,
  from: TypedArray | undefined,
  block: TypedArray | undefined,
  root: number,
): Steps {
  const mine = block ?? rootBlock(lane, from, root);
  if (!mine) return;
  if (flat.scatter(sizeOf(mine), lane.size) === 'binomial tree') {
    yield* binomialScatter(lane, from, block ?? (mine.slice() as TypedArray), root);
    return;
  }
  const { counts, offsets } = equal(mine.length, lane.size);
  yield* linearScatter(lane, from, counts, offsets, block, root);
}

/** The root's block, in the whole. */
export function rootBlock(lane: Lane, all: TypedArray | undefined, root: number): TypedArray | undefined {
  const count = (all?.length ?? 0) / lane.size;
  return all && part(all, root * count, count);
}

/** Our block is in place. */
export function allgather(lane: Lane, buffer: TypedArray): Steps {
  const count = buffer.length / lane.size;
  const way = flat.allgather(sizeOf(buffer), lane.size);
  if (way === 'recursive doubling') return doublingAllgather(lane, buffer, count);
  if (way === 'Bruck') return bruckAllgather(lane, buffer, count);
  const { counts, offsets } = equal(count, lane.size);
  return ringAllgather(lane, buffer, counts, offsets);
}

export function alltoall(lane: Lane, from: TypedArray, into: TypedArray): Steps {
  const count = into.length / lane.size;
  const way = flat.alltoall(sizeOf(part(into, 0, count)), lane.size);
  if (way === 'Bruck') return bruckAlltoall(lane, from, into, count);
  const blocks: Blocks = equal(count, lane.size);
  return pairwiseAlltoall(lane, from, blocks, into, blocks);
}
