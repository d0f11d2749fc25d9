/** Scatter down a binomial tree, for short blocks; the mirror of the binomial gather. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import { spanOf } from './binomial-gather.ts';
import type { Lane } from './lane.ts';

/** `from` counts at the root only. */
export function* binomialScatter(
  lane: Lane,
  from: TypedArray | undefined,
  block: TypedArray,
  root: number,
): Steps {
  const { size } = lane;
  const count = block.length;
  const me = lane.around(lane.rank - root);
  const span = spanOf(me, size);
  const work = arrayLike(block, span * count);
  if (me === 0 && from) {
    work.set(part(from, root * count, (size - root) * count) as never);
    work.set(part(from, 0, root * count) as never, (size - root) * count);
  } else yield* lane.wait(lane.recv(work, lane.around(me - (me & -me) + root)));
  let mask = 1;
  while (mask < span) mask *= 2;
  const sends = [];
  for (mask >>>= 1; mask > 0; mask >>>= 1) {
    if (me + mask >= size || mask >= span) continue;
    const blocks = Math.min(mask, size - me - mask);
    sends.push(lane.send(part(work, mask * count, blocks * count), lane.around(me + mask + root)));
  }
  yield* lane.waitAll(sends);
  block.set(part(work, 0, count) as never);
}
