/** Collectives that reduce, without regard to groups of ranks: choice.ts says how. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, type TypedArray } from '../typed.ts';
import { binomialReduce } from './binomial-reduce.ts';
import { type Blocks, cut } from './blocks.ts';
import { flat, shortBetween } from './choice.ts';
import { doublingAllreduce } from './doubling-allreduce.ts';
import type { Lane } from './lane.ts';
import { linearGather, linearScatter } from './linear.ts';
import { pairwiseReduceScatter } from './pairwise-reduce-scatter.ts';
import { rabenseifnerAllreduce } from './rabenseifner-allreduce.ts';
import { ringAllreduce } from './ring-allreduce.ts';

const sizeOf = (data: TypedArray, op: Op) => ({
  bytes: data.byteLength,
  units: data.length / op.width,
  commutes: op.commutative,
});

/** `into` counts at the root only. */
export function* reduce(
  lane: Lane,
  data: TypedArray,
  into: TypedArray | undefined,
  op: Op,
  root: number,
): Steps {
  if (flat.reduce(sizeOf(data, op), lane.size) === 'reduce-scatter, gather') {
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
  const way = flat.allreduce(sizeOf(work, op), lane.size);
  if (way === 'recursive doubling') return doublingAllreduce(lane, work, op);
  return way === 'ring' ? ringAllreduce(lane, work, op) : rabenseifnerAllreduce(lane, work, op);
}

/** As allreduce(), between groups. */
export function allreduceBetween(lane: Lane, work: TypedArray, op: Op): Steps {
  const short = work.byteLength <= shortBetween(lane.size);
  return short ? doublingAllreduce(lane, work, op) : allreduce(lane, work, op);
}

/** `data` holds a block for each rank; `into` gets ours. */
export function* reduceScatter(
  lane: Lane,
  data: TypedArray,
  into: TypedArray,
  blocks: Blocks,
  op: Op,
): Steps {
  if (flat.reduceScatter(sizeOf(data, op)) === 'pairwise') {
    yield* pairwiseReduceScatter(lane, data, into, blocks, op);
    return;
  }
  const work = data.slice() as TypedArray;
  yield* binomialReduce(lane, work, op, 0);
  yield* linearScatter(lane, work, blocks.counts, blocks.offsets, into, 0);
}
