/**
 * For algorithms that want a power of two: of the first ranks each second one gives its part to its neighbour, sits
 * out, and gets the result in the end; Rabenseifner, "Optimization of collective reduction operations", 2004. Order is kept.
 */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import type { TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

export interface Fold {
  /** The greatest power of two that is not above the number of ranks. */
  readonly size: number;
  /** Our rank among those that take part, -1: we sit out. */
  readonly rank: number;
  /** The rank in the communicator of one that takes part. */
  readonly real: (rank: number) => number;
}

/** Folds the ranks, combining into `work`; `came` is room for what comes. */
export function* fold(lane: Lane, work: TypedArray, came: TypedArray, op: Op): Steps<Fold> {
  let size = 1;
  while (size * 2 <= lane.size) size *= 2;
  const extra = lane.size - size;
  const real = (rank: number) => (rank < extra ? rank * 2 + 1 : rank + extra);
  const { rank } = lane;
  if (rank >= 2 * extra) return { size, rank: rank - extra, real };
  if (rank % 2 === 0) {
    yield* lane.wait(lane.send(work, rank + 1));
    return { size, rank: -1, real };
  }
  yield* lane.wait(lane.recv(came, rank - 1));
  op.apply(came, work);
  return { size, rank: rank >>> 1, real };
}

/** Gives the result to those that sat out. */
export function* unfold(lane: Lane, work: TypedArray, { size }: Fold): Steps {
  const extra = lane.size - size;
  const { rank } = lane;
  if (rank >= 2 * extra) return;
  if (rank % 2 === 0) yield* lane.wait(lane.recv(work, rank + 1));
  else yield* lane.wait(lane.send(work, rank - 1));
}
