/** Which algorithm reduces: by size, number of ranks, and whether the operation commutes. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, type TypedArray } from '../typed.ts';
import { binomialReduce } from './binomial-reduce.ts';
import { type Blocks, cut } from './blocks.ts';
import { doublingAllreduce } from './doubling-allreduce.ts';
import { doublingScan } from './doubling-scan.ts';
import type { Lane } from './lane.ts';
import { linearGather, linearScatter } from './linear.ts';
import { pairwiseReduceScatter } from './pairwise-reduce-scatter.ts';
import { rabenseifnerAllreduce } from './rabenseifner-allreduce.ts';
import { ringAllreduce } from './ring-allreduce.ts';

/** Bytes up to which all reduce goes by recursive doubling. */
export const shortAllreduce = 2048;
const longReduce = 64 << 10;
const longRing = 1 << 20;

const isPowerOfTwo = (n: number) => (n & (n - 1)) === 0;

/** `into` counts at the root only. */
export function* reduce(
  lane: Lane,
  data: TypedArray,
  into: TypedArray | undefined,
  op: Op,
  root: number,
): Steps {
  const splits = op.commutative && lane.size > 2 && data.length / op.width >= lane.size;
  if (splits && data.byteLength > longReduce) {
    const blocks = cut(data.length, lane.size, op.width);
    const mine = arrayLike(data, blocks.counts[lane.rank] as number);
    yield* pairwiseReduceScatter(lane, data, mine, blocks, op);
    yield* linearGather(lane, mine, into, blocks.counts, blocks.offsets, root);
    return;
  }
  const top = op.commutative ? root : 0;
  const work = data.slice() as TypedArray;
  yield* binomialReduce(lane, work, op, top);
  if (top === root) into?.set(work as never);
  else if (lane.rank === top) yield* lane.wait(lane.send(work, root));
  else if (lane.rank === root && into) yield* lane.wait(lane.recv(into, top));
}

/** `work` holds our part, and the result in the end. */
export function allreduce(lane: Lane, work: TypedArray, op: Op): Steps {
  const splits = op.commutative && work.length / op.width >= lane.size;
  if (!splits || work.byteLength <= shortAllreduce) return doublingAllreduce(lane, work, op);
  if (!isPowerOfTwo(lane.size) && work.byteLength > longRing) return ringAllreduce(lane, work, op);
  return rabenseifnerAllreduce(lane, work, op);
}

/** `data` holds a block for each rank; `into` gets ours. */
export function* reduceScatter(
  lane: Lane,
  data: TypedArray,
  into: TypedArray,
  blocks: Blocks,
  op: Op,
): Steps {
  if (op.commutative) {
    yield* pairwiseReduceScatter(lane, data, into, blocks, op);
    return;
  }
  const work = data.slice() as TypedArray;
  yield* binomialReduce(lane, work, op, 0);
  yield* linearScatter(lane, work, blocks.counts, blocks.offsets, into, 0);
}

export const scan = (lane: Lane, data: TypedArray, into: TypedArray, op: Op, exclusive: boolean): Steps =>
  doublingScan(lane, data, into, op, exclusive);
