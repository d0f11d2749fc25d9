/** All gather: short blocks by way of the groups' leaders (Kielmann et al. 1999, §4), long ones around a ring that enters each group once. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { type Blocks, blocksOf, lengthOf, pack } from './blocks.ts';
import type { Lane } from './lane.ts';
import { copyBlocks } from './layered-gather.ts';
import type { Layers } from './layers.ts';
import { linearGather } from './linear.ts';
import * as flat from './plan-move.ts';
import { ringAllgather } from './ring-allgather.ts';

/** Our block is in place. Only blocks are written, not what lies between them. */
export function* layeredAllgather(lane: Lane, layers: Layers, buffer: TypedArray, blocks: Blocks): Steps {
  const { groups, mine, place } = layers;
  const parcels = pack(groups.map((ranks) => lengthOf(blocksOf(blocks, ranks))));
  const inOrder = blocksOf(blocks, groups.flat());
  const all = arrayLike(buffer, lengthOf(blocks));
  const local = layers.local(lane);
  const own = part(buffer, blocks.offsets[lane.rank] as number, blocks.counts[lane.rank] as number);
  const parcel = part(all, parcels.offsets[mine] as number, parcels.counts[mine] as number);
  const { counts, offsets } = pack(blocksOf(blocks, groups[mine] as readonly number[]).counts);
  yield* linearGather(local, own, parcel, counts, offsets, 0);
  if (place === 0) {
    const between = layers.between(lane, layers.leaders());
    const even = parcels.counts.every((count) => count === parcels.counts[0]);
    if (even) yield* flat.allgather(between, all);
    else yield* ringAllgather(between, all, parcels.counts, parcels.offsets);
  }
  yield* flat.bcast(local, all, 0);
  copyBlocks(buffer, inOrder, all, pack(inOrder.counts));
}

/** Our block is in place. */
export function groupRingAllgather(lane: Lane, layers: Layers, buffer: TypedArray, blocks: Blocks): Steps {
  const { counts, offsets } = blocksOf(blocks, layers.groups.flat());
  return ringAllgather(layers.ordered(lane), buffer, counts, offsets);
}
