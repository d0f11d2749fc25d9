/** Gather up a binomial tree, for short blocks; Thakur et al. 2005, §3. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** `into` counts at the root only. */
export function* binomialGather(
  lane: Lane,
  block: TypedArray,
  into: TypedArray | undefined,
  root: number,
): Steps {
  const { size } = lane;
  const count = block.length;
  const me = lane.around(lane.rank - root);
  const span = spanOf(me, size);
  const work = arrayLike(block, span * count);
  work.set(block as never);
  for (let mask = 1; mask < span; mask *= 2) {
    if (me + mask >= size) break;
    const blocks = Math.min(mask, size - me - mask);
    yield* lane.wait(lane.recv(part(work, mask * count, blocks * count), lane.around(me + mask + root)));
  }
  if (me !== 0) {
    yield* lane.wait(lane.send(work, lane.around(me - (me & -me) + root)));
    return;
  }
  into?.set(part(work, 0, (size - root) * count) as never, root * count);
  into?.set(part(work, (size - root) * count, root * count) as never);
}

/** Ranks in the subtree of a relative rank. */
export function spanOf(me: number, size: number): number {
  if (me === 0) return size;
  return Math.min(me & -me, size - me);
}
