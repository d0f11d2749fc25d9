/** Barrier by dissemination: Hensgen, Finkel, Manber, "Two algorithms for barrier synchronization", 1988. */

import type { Steps } from '../schedule.ts';
import type { Lane } from './lane.ts';

const word = new Uint8Array(0);

export function* disseminationBarrier(lane: Lane): Steps {
  for (let step = 1; step < lane.size; step *= 2)
    yield* lane.exchange(word, lane.around(lane.rank + step), word, lane.around(lane.rank - step));
}
