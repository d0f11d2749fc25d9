/** All to all by pairwise exchange: long blocks, and blocks of different sizes; Thakur et al. 2005, §4.3. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import type { Blocks } from './blocks.ts';
import type { Lane } from './lane.ts';

export function* pairwiseAlltoall(
  lane: Lane,
  from: TypedArray,
  out: Blocks,
  into: TypedArray,
  back: Blocks,
): Steps {
  const { rank, size } = lane;
  const outBlock = (i: number) => part(from, out.offsets[i] as number, out.counts[i] as number);
  const inBlock = (i: number) => part(into, back.offsets[i] as number, back.counts[i] as number);
  inBlock(rank).set(outBlock(rank) as never);
  for (let step = 1; step < size; step++) {
    const [to, source] = [lane.around(rank + step), lane.around(rank - step)];
    yield* lane.exchange(outBlock(to), to, inBlock(source), source);
  }
}
