/** All reduce of long messages: recursive halving, then recursive doubling; Rabenseifner 2004. Operations must commute. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { cut } from './blocks.ts';
import { fold, unfold } from './fold.ts';
import type { Lane } from './lane.ts';

/** `work` holds our part, and the result in the end. */
export function* rabenseifnerAllreduce(lane: Lane, work: TypedArray, op: Op): Steps {
  const came = lane.scratch(work, work.length);
  const folded = yield* fold(lane, work, came, op);
  const { rank, size, real } = folded;
  if (rank >= 0) {
    const { offsets } = cut(work.length, size, op.width);
    const at = (i: number) => (i === size ? work.length : (offsets[i] as number));
    const blocks = (array: TypedArray, from: number, count: number) =>
      part(array, at(from), at(from + count) - at(from));
    let first = 0;
    for (let half = size >>> 1; half > 0; half >>>= 1) {
      const peer = real(rank ^ half);
      const [mine, theirs] = rank & half ? [first + half, first] : [first, first + half];
      const into = blocks(came, mine, half);
      yield* lane.exchange(blocks(work, theirs, half), peer, into, peer);
      op.apply(into, blocks(work, mine, half));
      first = mine;
    }
    for (let mask = 1; mask < size; mask *= 2) {
      const peer = real(rank ^ mask);
      const [mine, theirs] = [rank & ~(mask - 1), (rank ^ mask) & ~(mask - 1)];
      yield* lane.exchange(blocks(work, mine, mask), peer, blocks(work, theirs, mask), peer);
    }
  }
  lane.giveBack(came);
  yield* unfold(lane, work, folded);
}
