/** All gather by recursive doubling, for powers of two; Thakur et al. 2005, §4.1. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** Our block of `count` elements is in place. */
export function* doublingAllgather(lane: Lane, buffer: TypedArray, count: number): Steps {
  for (let mask = 1; mask < lane.size; mask *= 2) {
    const peer = lane.rank ^ mask;
    const [mine, theirs] = [lane.rank & ~(mask - 1), peer & ~(mask - 1)];
    const out = part(buffer, mine * count, mask * count);
    yield* lane.exchange(out, peer, part(buffer, theirs * count, mask * count), peer);
  }
}
