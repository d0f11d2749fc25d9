/** All gather for any number of ranks in log steps: Bruck, Ho, Kipnis, Upfal, Weathersby, "Efficient algorithms for all-to-all communications", 1997. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** Our block of `count` elements is in place. */
export function* bruckAllgather(lane: Lane, buffer: TypedArray, count: number): Steps {
  const { rank, size } = lane;
  const work = arrayLike(buffer, size * count);
  work.set(part(buffer, rank * count, count) as never);
  for (let have = 1; have < size; have *= 2) {
    const blocks = Math.min(have, size - have);
    const into = part(work, have * count, blocks * count);
    yield* lane.exchange(
      part(work, 0, blocks * count),
      lane.around(rank - have),
      into,
      lane.around(rank + have),
    );
  }
  // Block i of `work` is that of rank + i.
  buffer.set(part(work, 0, (size - rank) * count) as never, rank * count);
  buffer.set(part(work, (size - rank) * count, rank * count) as never);
}
