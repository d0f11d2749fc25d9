/** Broadcast to the groups' leaders, then within the groups: a message enters each group once; Kielmann et al. 1999, §4. */

import type { Steps } from '../schedule.ts';
import type { TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import * as flat from './plan-move.ts';

export function* layeredBcast(lane: Lane, layers: Layers, buffer: TypedArray, root: number): Steps {
  const leaders = layers.leaders(root);
  const place = layers.leaderPlace(leaders);
  if (layers.place === place)
    yield* flat.bcast(layers.between(lane, leaders), buffer, layers.groupOf[root] as number);
  yield* flat.bcast(layers.local(lane), buffer, place);
}
