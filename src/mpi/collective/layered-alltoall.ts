/** All to all of short blocks by way of the groups' leaders: one message for each pair of groups; Kielmann et al. 1999, §4. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { pack } from './blocks.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import { pairwiseAlltoall } from './pairwise-alltoall.ts';
import * as flat from './plan-move.ts';

export function* layeredAlltoall(lane: Lane, layers: Layers, from: TypedArray, into: TypedArray): Steps {
  const local = layers.local(lane);
  const all = layers.place === 0 ? arrayLike(into, local.size * into.length) : undefined;
  yield* flat.gather(local, part(from, 0, into.length), all, 0);
  if (all) {
    const count = into.length / lane.size;
    const parcels = pack(layers.groups.map((ranks) => local.size * ranks.length * count));
    const [out, came] = [arrayLike(into, all.length), arrayLike(into, all.length)];
    wrap(out, all, layers, count);
    yield* pairwiseAlltoall(layers.between(lane, layers.leaders()), out, parcels, came, parcels);
    unwrap(all, came, layers, count);
  }
  yield* flat.scatter(local, all, into, 0);
}

function move(to: TypedArray, at: number, from: TypedArray, block: number, count: number): void {
  to.set(part(from, block * count, count) as never, at * count);
}

/** From "sender, receiver" to a parcel for each group: its senders one after another, each for all its receivers. */
function wrap(out: TypedArray, all: TypedArray, { groups, groupOf, mine }: Layers, count: number): void {
  const senders = (groups[mine] as readonly number[]).length;
  let at = 0;
  for (const receivers of groups)
    for (let sender = 0; sender < senders; sender++)
      for (const receiver of receivers) move(out, at++, all, sender * groupOf.length + receiver, count);
}

/** From a parcel of each group to "receiver, sender". */
function unwrap(all: TypedArray, came: TypedArray, { groups, groupOf, mine }: Layers, count: number): void {
  const receivers = (groups[mine] as readonly number[]).length;
  let at = 0;
  for (const sender of groups.flat())
    for (let receiver = 0; receiver < receivers; receiver++)
      move(all, receiver * groupOf.length + sender, came, at++, count);
}
