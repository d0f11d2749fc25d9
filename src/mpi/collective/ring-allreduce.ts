/** All reduce around a ring: reduce-scatter, then all gather; Patarasuk, Yuan, "Bandwidth optimal all-reduce algorithms", 2009. Operations must commute. */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { cut } from './blocks.ts';
import type { Lane } from './lane.ts';
import { ringAllgather } from './ring-allgather.ts';

/** `work` holds our part, and the result in the end. */
export function* ringAllreduce(lane: Lane, work: TypedArray, op: Op): Steps {
  const { rank, size } = lane;
  const { counts, offsets } = cut(work.length, size, op.width);
  const block = (i: number) => part(work, offsets[i] as number, counts[i] as number);
  const came = lane.scratch(work, counts[0] ?? 0);
  const [left, right] = [lane.around(rank - 1), lane.around(rank + 1)];
  for (let step = 1; step < size; step++) {
    const out = block(lane.around(rank - step));
    const mine = block(lane.around(rank - step - 1));
    const into = part(came, 0, mine.length);
    yield* lane.exchange(out, right, into, left);
    op.apply(into, mine);
  }
  lane.giveBack(came);
  yield* ringAllgather(lane, work, counts, offsets);
}
