/** All to all of short blocks in log steps: Bruck et al. 1997. */

import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

export function* bruckAlltoall(lane: Lane, from: TypedArray, into: TypedArray, count: number): Steps {
  const { rank, size } = lane;
  const work = arrayLike(into, size * count);
  const move = (target: TypedArray, at: number, source: TypedArray, offset: number) =>
    target.set(part(source, offset * count, count) as never, at * count);
  for (let i = 0; i < size; i++) move(work, i, from, lane.around(rank + i));
  const packed = arrayLike(into, size * count);
  const came = arrayLike(into, size * count);
  for (let mask = 1; mask < size; mask *= 2) {
    let blocks = 0;
    for (let i = mask; i < size; i++) if (i & mask) move(packed, blocks++, work, i);
    const length = blocks * count;
    const out = part(packed, 0, length);
    yield* lane.exchange(out, lane.around(rank + mask), part(came, 0, length), lane.around(rank - mask));
    blocks = 0;
    for (let i = mask; i < size; i++) if (i & mask) move(work, i, came, blocks++);
  }
  // Block i of `work` is now the one that rank - i sent us.
  for (let i = 0; i < size; i++) move(into, lane.around(rank - i), work, i);
}
