/** How each collective goes: within groups of ranks first and then between, or without regard to them. choice.ts says which. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { type Blocks, equal, lengthOf } from './blocks.ts';
import { choose, type Size } from './choice.ts';
import { disseminationBarrier } from './dissemination-barrier.ts';
import { doublingScan } from './doubling-scan.ts';
import type { Lane } from './lane.ts';
import { groupRingAllgather, layeredAllgather } from './layered-allgather.ts';
import { layeredAlltoall } from './layered-alltoall.ts';
import { layeredBarrier } from './layered-barrier.ts';
import { layeredBcast } from './layered-bcast.ts';
import { layeredGather, layeredScatter } from './layered-gather.ts';
import { layeredGatherv } from './layered-gatherv.ts';
import { layeredAllreduce, layeredReduce } from './layered-reduce.ts';
import { layeredScan } from './layered-scan.ts';
import { layeredScatterv } from './layered-scatterv.ts';
import type { Layers } from './layers.ts';
import { linearGather, linearScatter } from './linear.ts';
import { pipelineBcast } from './pipeline-bcast.ts';
import * as move from './plan-move.ts';
import * as reduction from './plan-reduce.ts';
import { ringAllgather } from './ring-allgather.ts';
import { shardAllreduce, shardReduce, shardReduceScatter } from './shard-reduce.ts';
import type { Collective } from './topology.ts';

/** Undefined: the ranks lie in one group. */
type Groups = Layers | undefined;

const sizeOf = (data: TypedArray, op?: Op): Size => ({
  bytes: data.byteLength,
  units: data.length / (op?.width ?? 1),
  commutes: op?.commutative ?? true,
});

const wayOf = <C extends Collective>(groups: Layers, collective: C, data: TypedArray, op?: Op) =>
  choose(collective, groups.shape, sizeOf(data, op));

const nothing = new Uint8Array(0);

export function barrier(lane: Lane, groups: Groups): Steps {
  if (groups && wayOf(groups, 'barrier', nothing)) return layeredBarrier(lane, groups);
  return disseminationBarrier(lane);
}

export function bcast(lane: Lane, groups: Groups, buffer: TypedArray, root: number): Steps {
  const way = groups && wayOf(groups, 'bcast', buffer);
  if (groups && way === 'pipeline') return pipelineBcast(lane, groups, buffer, root);
  if (groups && way === 'leaders') return layeredBcast(lane, groups, buffer, root);
  return move.bcast(lane, buffer, root);
}

/** `block` undefined: the root's lies in place. `into` counts at the root only. */
export function gather(
  lane: Lane,
  groups: Groups,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  root: number,
): Steps {
  const mine = block ?? move.rootBlock(lane, into, root);
  if (groups && mine && wayOf(groups, 'gather', mine))
    return layeredGather(lane, groups, block, into, equal(mine.length, lane.size), root);
  return move.gather(lane, block, into, root);
}

/** `block` undefined: the root's stays in place. `from` counts at the root only. */
export function scatter(
  lane: Lane,
  groups: Groups,
  from: TypedArray | undefined,
  block: TypedArray | undefined,
  root: number,
): Steps {
  const mine = block ?? move.rootBlock(lane, from, root);
  if (groups && mine && wayOf(groups, 'scatter', mine))
    return layeredScatter(lane, groups, from, equal(mine.length, lane.size), block, root);
  return move.scatter(lane, from, block, root);
}

/** Blocks of different sizes. `into` and `blocks` count at the root only. */
export function gatherv(
  lane: Lane,
  groups: Groups,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  blocks: Blocks,
  root: number,
): Steps {
  if (groups && wayOf(groups, 'gatherv', nothing))
    return layeredGatherv(lane, groups, block, into, blocks, root);
  return linearGather(lane, block, into, blocks.counts, blocks.offsets, root);
}

/** Blocks of different sizes. `from` and `blocks` count at the root only. */
export function scatterv(
  lane: Lane,
  groups: Groups,
  from: TypedArray | undefined,
  blocks: Blocks,
  block: TypedArray | undefined,
  root: number,
): Steps {
  if (groups && wayOf(groups, 'scatterv', nothing))
    return layeredScatterv(lane, groups, from, blocks, block, root);
  return linearScatter(lane, from, blocks.counts, blocks.offsets, block, root);
}

/** Our block is in place. */
export function allgather(lane: Lane, groups: Groups, buffer: TypedArray): Steps {
  if (!groups) return move.allgather(lane, buffer);
  const blocks = equal(buffer.length / lane.size, lane.size);
  return allgatherOf(lane, groups, buffer, blocks) ?? move.allgather(lane, buffer);
}

/** As allgather(), with blocks of different sizes. */
export function allgatherv(lane: Lane, groups: Groups, buffer: TypedArray, blocks: Blocks): Steps {
  const layered = groups && allgatherOf(lane, groups, buffer, blocks);
  return layered ?? ringAllgather(lane, buffer, blocks.counts, blocks.offsets);
}

function allgatherOf(lane: Lane, groups: Layers, buffer: TypedArray, blocks: Blocks): Steps | undefined {
  const units = lengthOf(blocks);
  const size = { bytes: units * buffer.BYTES_PER_ELEMENT, units, commutes: true };
  const way = choose('allgather', groups.shape, size);
  if (way === 'ring of groups') return groupRingAllgather(lane, groups, buffer, blocks);
  return way && layeredAllgather(lane, groups, buffer, blocks);
}

export function alltoall(lane: Lane, groups: Groups, from: TypedArray, into: TypedArray): Steps {
  const block = part(into, 0, into.length / lane.size);
  if (groups && wayOf(groups, 'alltoall', block)) return layeredAlltoall(lane, groups, from, into);
  return move.alltoall(lane, from, into);
}

/** `into` counts at the root only. */
export function reduce(
  lane: Lane,
  groups: Groups,
  data: TypedArray,
  into: TypedArray | undefined,
  op: Op,
  root: number,
): Steps {
  const way = groups && wayOf(groups, 'reduce', data, op);
  if (groups && way === 'shards') return shardReduce(lane, groups, data, into, op, root);
  if (groups && way === 'leaders') return layeredReduce(lane, groups, data, into, op, root);
  return reduction.reduce(lane, data, into, op, root);
}

/** `work` holds our part, and the result in the end. */
export function allreduce(lane: Lane, groups: Groups, work: TypedArray, op: Op): Steps {
  const way = groups && wayOf(groups, 'allreduce', work, op);
  if (groups && way === 'shards') return shardAllreduce(lane, groups, work, op);
  if (groups && way === 'leaders') return layeredAllreduce(lane, groups, work, op);
  return reduction.allreduce(lane, work, op);
}

/** `data` holds a block for each rank; `into` gets ours. */
export function* reduceScatter(
  lane: Lane,
  groups: Groups,
  data: TypedArray,
  into: TypedArray,
  blocks: Blocks,
  op: Op,
): Steps {
  const way = groups && wayOf(groups, 'reduceScatter', data, op);
  if (groups && way === 'shards') yield* shardReduceScatter(lane, groups, data, into, blocks, op);
  else if (groups && way === 'leaders') {
    const whole = part(data, 0, lengthOf(blocks));
    const all = lane.rank === 0 ? arrayLike(whole, whole.length) : undefined;
    yield* layeredReduce(lane, groups, whole, all, op, 0);
    yield* layeredScatter(lane, groups, all, blocks, into, 0);
  } else yield* reduction.reduceScatter(lane, data, into, blocks, op);
}

/** `into` gets the reduction of ranks 0 to ours, or with `exclusive` to the one before: rank 0 gets nothing. */
export function scan(
  lane: Lane,
  groups: Groups,
  data: TypedArray,
  into: TypedArray,
  op: Op,
  exclusive: boolean,
): Steps {
  if (groups && wayOf(groups, 'scan', data, op)) return layeredScan(lane, groups, data, into, op, exclusive);
  return doublingScan(lane, data, into, op, exclusive);
}
