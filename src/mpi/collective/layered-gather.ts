/** Gather and scatter by way of the groups' leaders: the blocks of a group travel together; Kielmann et al. 1999, §4. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { type Blocks, blocksOf, lengthOf, pack } from './blocks.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import { linearGather, linearScatter } from './linear.ts';
import { routeTo } from './parcel.ts';

/** Copies blocks of one array to where they lie in another. */
export function copyBlocks(to: TypedArray, there: Blocks, from: TypedArray, here: Blocks): void {
  here.counts.forEach((count, i) => {
    to.set(part(from, here.offsets[i] as number, count) as never, there.offsets[i] as number);
  });
}

/** Blocks of an array, one behind the other. */
function packed(from: TypedArray, blocks: Blocks): TypedArray {
  const made = arrayLike(from, lengthOf(blocks));
  copyBlocks(made, pack(blocks.counts), from, blocks);
  return made;
}

/** `block` is undefined where the root's lies in place; `into` counts at the root only. All know the blocks' counts. */
export function* layeredGather(
  lane: Lane,
  layers: Layers,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  blocks: Blocks,
  root: number,
): Steps {
  const { local, between, place, group } = routeTo(root, lane, layers);
  const own = blocksOf(blocks, layers.groups[layers.mine] as readonly number[]);
  if (!between) {
    yield* linearGather(local, block, undefined, [], [], place);
    return;
  }
  if (layers.mine !== group) {
    const { counts, offsets } = pack(own.counts);
    const parcel = arrayLike(block as TypedArray, lengthOf(own));
    yield* linearGather(local, block, parcel, counts, offsets, place);
    yield* lane.wait(between.send(parcel, group));
    return;
  }
  if (!into) return;
  const coming = layers.groups.flatMap((ranks, from) => {
    if (from === group) return [];
    const theirs = blocksOf(blocks, ranks);
    const parcel = arrayLike(into, lengthOf(theirs));
    return [{ theirs, parcel, request: between.recv(parcel, from) }];
  });
  yield* linearGather(local, block, into, own.counts, own.offsets, place);
  for (const { theirs, parcel, request } of coming) {
    yield* lane.wait(request);
    copyBlocks(into, theirs, parcel, pack(theirs.counts));
  }
}

/** `block` is undefined where the root's stays in place; `from` counts at the root only. All know the blocks' counts. */
export function* layeredScatter(
  lane: Lane,
  layers: Layers,
  from: TypedArray | undefined,
  blocks: Blocks,
  block: TypedArray | undefined,
  root: number,
): Steps {
  const { local, between, place, group } = routeTo(root, lane, layers);
  const own = blocksOf(blocks, layers.groups[layers.mine] as readonly number[]);
  if (!between) {
    yield* linearScatter(local, undefined, [], [], block, place);
    return;
  }
  if (layers.mine !== group) {
    const { counts, offsets } = pack(own.counts);
    const parcel = arrayLike(block as TypedArray, lengthOf(own));
    yield* lane.wait(between.recv(parcel, group));
    yield* linearScatter(local, parcel, counts, offsets, block, place);
    return;
  }
  if (!from) return;
  const sends = layers.groups.flatMap((ranks, to) =>
    to === group ? [] : [between.send(packed(from, blocksOf(blocks, ranks)), to)],
  );
  yield* linearScatter(local, from, own.counts, own.offsets, block, place);
  yield* lane.waitAll(sends);
}
