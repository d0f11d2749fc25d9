/** Barrier within groups, between their leaders, and within again; Kielmann et al. 1999, §4. */

import type { Steps } from '../schedule.ts';
import { binomialBcast } from './binomial-bcast.ts';
import { binomialGather } from './binomial-gather.ts';
import { disseminationBarrier } from './dissemination-barrier.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';

const nothing = new Uint8Array(0);

export function* layeredBarrier(lane: Lane, layers: Layers): Steps {
  const local = layers.local(lane);
  yield* binomialGather(local, nothing, undefined, 0);
  if (layers.place === 0) yield* disseminationBarrier(layers.between(lane, layers.leaders()));
  yield* binomialBcast(local, nothing, 0);
}
