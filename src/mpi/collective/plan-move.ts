/** Which algorithm moves data: by size and number of ranks. Thresholds as in MPICH, where ours are not measured. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { binomialBcast } from './binomial-bcast.ts';
import { binomialGather } from './binomial-gather.ts';
import { binomialScatter } from './binomial-scatter.ts';
import { type Blocks, equal } from './blocks.ts';
import { bruckAllgather } from './bruck-allgather.ts';
import { bruckAlltoall } from './bruck-alltoall.ts';
import { doublingAllgather } from './doubling-allgather.ts';
import type { Lane } from './lane.ts';
import { linearGather, linearScatter } from './linear.ts';
import { pairwiseAlltoall } from './pairwise-alltoall.ts';
import { ringAllgather } from './ring-allgather.ts';
import { scatterBcast } from './scatter-bcast.ts';

const longBcast = 512 << 10;
const longGather = 4096;
const longAllgather = 80 << 10;
const shortAlltoall = 256;
const fewRanks = 4;

const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0;

export function bcast(lane: Lane, buffer: TypedArray, root: number): Steps {
  const long = buffer.byteLength > longBcast && buffer.length >= lane.size && lane.size > 2;
  return long ? scatterBcast(lane, buffer, root) : binomialBcast(lane, buffer, root);
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
  if (mine.byteLength <= longGather && lane.size > fewRanks) {
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
  if (mine.byteLength <= longGather && lane.size > fewRanks) {
    yield* binomialScatter(lane, from, block ?? (mine.slice() as TypedArray), root);
    return;
  }
  const { counts, offsets } = equal(mine.length, lane.size);
  yield* linearScatter(lane, from, counts, offsets, block, root);
}

function rootBlock(lane: Lane, all: TypedArray | undefined, root: number): TypedArray | undefined {
  const count = (all?.length ?? 0) / lane.size;
  return all && part(all, root * count, count);
}

/** Our block is in place. */
export function allgather(lane: Lane, buffer: TypedArray): Steps {
  const count = buffer.length / lane.size;
  if (buffer.byteLength <= longAllgather && lane.size > 1)
    return isPowerOfTwo(lane.size)
      ? doublingAllgather(lane, buffer, count)
      : bruckAllgather(lane, buffer, count);
  const { counts, offsets } = equal(count, lane.size);
  return ringAllgather(lane, buffer, counts, offsets);
}

export function alltoall(lane: Lane, from: TypedArray, into: TypedArray): Steps {
  const count = into.length / lane.size;
  const short = count * into.BYTES_PER_ELEMENT <= shortAlltoall && lane.size > fewRanks;
  if (short) return bruckAlltoall(lane, from, into, count);
  const blocks: Blocks = equal(count, lane.size);
  return pairwiseAlltoall(lane, from, blocks, into, blocks);
}
