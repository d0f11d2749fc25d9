/** Prefix reductions by recursive doubling, in the order of ranks: as MPICH does them (MPIR_Scan_intra_recursive_doubling). */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** `data` is our part; `into` gets the reduction of ranks 0 to ours, or with `exclusive` to the one before: rank 0 gets nothing. */
export function* doublingScan(
  lane: Lane,
  data: TypedArray,
  into: TypedArray,
  op: Op,
  exclusive: boolean,
): Steps {
  const { rank, size } = lane;
  const partial = data.slice() as TypedArray;
  const came = arrayLike(data, data.length);
  let filled = !exclusive;
  if (filled && into !== data) into.set(data as never);
  for (let mask = 1; mask < size; mask *= 2) {
    const peer = rank ^ mask;
    if (peer >= size) continue;
    yield* lane.exchange(partial, peer, came, peer);
    if (rank < peer) {
      op.applyLeft(partial, came);
      continue;
    }
    op.apply(came, partial);
    if (filled) op.apply(came, into);
    else into.set(came as never);
    filled = true;
  }
}
