/** Reduce up a binomial tree; keeps the order of ranks where the root is 0; Thakur et al. 2005, §4.4. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import type { TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** `work` holds our part and, at the root, the result in the end. */
export function* binomialReduce(lane: Lane, work: TypedArray, op: Op, root: number): Steps {
  const me = lane.around(lane.rank - root);
  const came = lane.scratch(work, work.length);
  for (let mask = 1; mask < lane.size; mask *= 2) {
    if (me & mask) {
      lane.giveBack(came);
      yield* lane.wait(lane.send(work, lane.around(me - mask + root)));
      return;
    }
    if (me + mask >= lane.size) continue;
    yield* lane.wait(lane.recv(came, lane.around(me + mask + root)));
    op.applyLeft(work, came);
  }
  lane.giveBack(came);
}
