/**
 * Reductions of long messages between groups of as many ranks: within a group each rank reduces a shard, ranks of the same
 * place reduce it between the groups, side by side, so that every rank's way between groups is used; Jia et al., "Highly
 * scalable deep learning training system with mixed-precision", 2018, §3.3 (hierarchical all-reduce, "2D"). Operations must commute.
 */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { type Blocks, cut, pack } from './blocks.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import { linearGather } from './linear.ts';
import { pairwiseReduceScatter } from './pairwise-reduce-scatter.ts';
import * as reduction from './plan-reduce.ts';
import { ringAllgather } from './ring-allgather.ts';

/** `into` counts at the root only. */
export function* shardReduce(
  lane: Lane,
  layers: Layers,
  data: TypedArray,
  into: TypedArray | undefined,
  op: Op,
  root: number,
): Steps {
  const [local, across] = [layers.local(lane), layers.across(lane)];
  const group = layers.groupOf[root] as number;
  const blocks = cut(data.length, local.size, op.width);
  const shard = arrayLike(data, blocks.counts[local.rank] as number);
  yield* pairwiseReduceScatter(local, data, shard, blocks, op);
  yield* reduction.reduce(across, shard, shard, op, group);
  if (layers.mine !== group) return;
  const place = (layers.groups[group] as readonly number[]).indexOf(root);
  yield* linearGather(local, shard, into, blocks.counts, blocks.offsets, place);
}

/** `work` holds our part, and the result in the end. */
export function* shardAllreduce(lane: Lane, layers: Layers, work: TypedArray, op: Op): Steps {
  const local = layers.local(lane);
  const blocks = cut(work.length, local.size, op.width);
  const { counts, offsets } = blocks;
  const shard = part(work, offsets[local.rank] as number, counts[local.rank] as number);
  yield* pairwiseReduceScatter(local, work, shard, blocks, op);
  yield* reduction.allreduceBetween(layers.across(lane), shard, op);
  yield* ringAllgather(local, work, counts, offsets);
}

/** `data` holds a block for each rank; `into` gets ours. A shard is the blocks of the ranks that have one place in their groups. */
export function* shardReduceScatter(
  lane: Lane,
  layers: Layers,
  data: TypedArray,
  into: TypedArray,
  { counts, offsets }: Blocks,
  op: Op,
): Steps {
  const local = layers.local(lane);
  const places = Array.from({ length: local.size }, (_, place) =>
    layers.groups.map((ranks) => ranks[place] as number),
  );
  const packed = arrayLike(
    data,
    counts.reduce((sum, count) => sum + count, 0),
  );
  let at = 0;
  for (const rank of places.flat()) {
    packed.set(part(data, offsets[rank] as number, counts[rank] as number) as never, at);
    at += counts[rank] as number;
  }
  const sizes = places.map((ranks) => ranks.map((rank) => counts[rank] as number));
  const shards = pack(sizes.map((list) => list.reduce((sum, count) => sum + count)));
  const shard = arrayLike(data, shards.counts[local.rank] as number);
  yield* pairwiseReduceScatter(local, packed, shard, shards, op);
  yield* pairwiseReduceScatter(layers.across(lane), shard, into, pack(sizes[local.rank] as number[]), op);
}
