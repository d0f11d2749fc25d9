/** Gather and scatter straight between the root and each rank: long blocks, and blocks of different sizes. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import type { Lane } from './lane.ts';

/** `block` is undefined where the root's block lies in place. */
export function* linearGather(
  lane: Lane,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  counts: readonly number[],
  offsets: readonly number[],
  root: number,
): Steps {
  if (lane.rank !== root) {
    if (block) yield* lane.wait(lane.send(block, root));
    return;
  }
  if (!into) return;
  const receives = [];
  for (let i = 0; i < lane.size; i++)
    if (i !== root) receives.push(lane.recv(part(into, offsets[i] as number, counts[i] as number), i));
  if (block) into.set(block as never, offsets[root] as number);
  yield* lane.waitAll(receives);
}

/** `block` is undefined where the root's block stays in place. */
export function* linearScatter(
  lane: Lane,
  from: TypedArray | undefined,
  counts: readonly number[],
  offsets: readonly number[],
  block: TypedArray | undefined,
  root: number,
): Steps {
  if (lane.rank !== root) {
    if (block) yield* lane.wait(lane.recv(block, root));
    return;
  }
  if (!from) return;
  const piece = (i: number) => part(from, offsets[i] as number, counts[i] as number);
  const sends = [];
  for (let i = 0; i < lane.size; i++) if (i !== root) sends.push(lane.send(piece(i), i));
  block?.set(piece(root) as never);
  yield* lane.waitAll(sends);
}
