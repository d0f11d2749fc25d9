/** Broadcast down a binomial tree: for short messages; Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", 2005, §4.2. */

import type { Steps } from '../schedule.ts';
import type { TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

export function* binomialBcast(lane: Lane, buffer: TypedArray, root: number): Steps {
  const me = lane.around(lane.rank - root);
  let mask = 1;
  for (; mask < lane.size; mask *= 2) {
    if ((me & mask) === 0) continue;
    yield* lane.wait(lane.recv(buffer, lane.around(me - mask + root)));
    break;
  }
  const sends = [];
  for (mask = mask >>> 1; mask > 0; mask >>>= 1)
    if (me + mask < lane.size) sends.push(lane.send(buffer, lane.around(me + mask + root)));
  yield* lane.waitAll(sends);
}
