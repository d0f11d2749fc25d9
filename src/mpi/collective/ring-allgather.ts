/** All gather around a ring: each step passes one block to the right; Thakur et al. 2005, §4.1. Blocks may differ in size. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** Our block is in place in `buffer`. */
export function* ringAllgather(
  lane: Lane,
  buffer: TypedArray,
  counts: readonly number[],
  offsets: readonly number[],
): Steps {
  const block = (i: number) => part(buffer, offsets[i] as number, counts[i] as number);
  const [left, right] = [lane.around(lane.rank - 1), lane.around(lane.rank + 1)];
  for (let step = 0; step < lane.size - 1; step++) {
    const out = lane.around(lane.rank - step);
    yield* lane.exchange(block(out), right, block(lane.around(out - 1)), left);
  }
}
