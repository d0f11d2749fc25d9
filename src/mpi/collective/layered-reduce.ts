/**
 * Reductions within groups, then between their leaders; Kielmann et al. 1999, §4. Groups of ranks that follow each other
 * keep the order of operations that don't commute.
 */

import type { Op } from '../ops.ts';
import type { Steps } from '../schedule.ts';
import { arrayLike, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import * as move from './plan-move.ts';
import * as reduction from './plan-reduce.ts';

/** `into` counts at the root only. */
export function* layeredReduce(
  lane: Lane,
  layers: Layers,
  data: TypedArray,
  into: TypedArray | undefined,
  op: Op,
  root: number,
): Steps {
  const top = op.commutative ? root : 0;
  const leaders = layers.leaders(top);
  const place = layers.leaderPlace(leaders);
  const leads = layers.place === place;
  const sum = leads ? arrayLike(data, data.length) : undefined;
  yield* reduction.reduce(layers.local(lane), data, sum, op, place);
  if (sum)
    yield* reduction.reduce(layers.between(lane, leaders), sum, sum, op, layers.groupOf[top] as number);
  if (lane.rank === top && top !== root) yield* lane.wait(lane.send(sum as TypedArray, root));
  if (lane.rank !== root || !into) return;
  if (top === root) into.set(sum as never);
  else yield* lane.wait(lane.recv(into, top));
}

/** `work` holds our part, and the result in the end. */
export function* layeredAllreduce(lane: Lane, layers: Layers, work: TypedArray, op: Op): Steps {
  const local = layers.local(lane);
  yield* reduction.reduce(local, work, work, op, 0);
  if (layers.place === 0) yield* reduction.allreduceBetween(layers.between(lane, layers.leaders()), work, op);
  yield* move.bcast(local, work, 0);
}
