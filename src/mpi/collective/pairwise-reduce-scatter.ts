/** Reduce-scatter by pairwise exchange: Thakur et al. 2005, §4.6. Operations must commute. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, part, type TypedArray } from '../typed.ts';
import type { Blocks } from './blocks.ts';
import type { Lane } from './lane.ts';

/** `from` holds a block for each rank; `into` gets ours. */
export function* pairwiseReduceScatter(
  lane: Lane,
  from: TypedArray,
  into: TypedArray,
  { counts, offsets }: Blocks,
  op: Op,
): Steps {
  const block = (i: number) => part(from, offsets[i] as number, counts[i] as number);
  const result = block(lane.rank).slice() as TypedArray;
  const came = arrayLike(result, result.length);
  for (let step = 1; step < lane.size; step++) {
    const [to, source] = [lane.around(lane.rank + step), lane.around(lane.rank - step)];
    yield* lane.exchange(block(to), to, came, source);
    op.apply(came, result);
  }
  into.set(result as never);
}
