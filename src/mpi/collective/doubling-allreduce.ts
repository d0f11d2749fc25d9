/** All reduce by recursive doubling: short messages, and operations that don't commute; Thakur et al. 2005, §4.5. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import type { TypedArray } from '../typed.ts';
import { fold, unfold } from './fold.ts';
import type { Lane } from './lane.ts';

/** `work` holds our part, and the result in the end. */
export function* doublingAllreduce(lane: Lane, work: TypedArray, op: Op): Steps {
  const came = lane.scratch(work, work.length);
  const folded = yield* fold(lane, work, came, op);
  if (folded.rank >= 0)
    for (let mask = 1; mask < folded.size; mask *= 2) {
      const peer = folded.rank ^ mask;
      const real = folded.real(peer);
      yield* lane.exchange(work, real, came, real);
      if (peer < folded.rank || op.commutative) op.apply(came, work);
      else op.applyLeft(work, came);
    }
  lane.giveBack(came);
  yield* unfold(lane, work, folded);
}
