/**
 * Blocks of a group's ranks whose sizes the root alone knows. A header says how long they are; short ones travel together
 * behind it, long ones straight between their rank and the root.
 */

import { MpiError } from '../errors.ts';
import { part } from '../typed.ts';
import { type Blocks, lengthOf, pack } from './blocks.ts';
import { shortBlock } from './choice.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';

export const isShort = (length: number): boolean => length <= shortBlock;

/** Where short blocks lie in their parcel; long ones have no part in it. */
export const parcelOf = (lengths: ArrayLike<number>): Blocks =>
  pack(Array.from(lengths, (length) => (isShort(length) ? length : 0)));

export const roomFor = (parcel: Blocks): Uint8Array => new Uint8Array(lengthOf(parcel));

/** One header's word for each rank. */
export const words = (ranks: number): Blocks => pack(new Array<number>(ranks).fill(1));

export const piece = (all: Uint8Array, { offsets, counts }: Blocks, i: number): Uint8Array =>
  part(all, offsets[i] as number, counts[i] as number);

/** Copies what came to where it belongs. @throws MpiError ERR_TRUNCATE */
export function put(to: Uint8Array, data: Uint8Array, source: number): void {
  if (data.length > to.length)
    throw new MpiError('ERR_TRUNCATE', `${data.length} bytes from rank ${source} do not fit in ${to.length}`);
  to.set(data);
}

/** The lanes of a rooted collective. */
export interface Route {
  readonly local: Lane;
  /** Leaders have it: its ranks are the groups. */
  readonly between: Lane | undefined;
  /** The leader's place in our group. */
  readonly place: number;
  /** The root's group. */
  readonly group: number;
}

export function routeTo(root: number, lane: Lane, layers: Layers): Route {
  const leaders = layers.leaders(root);
  const place = layers.leaderPlace(leaders);
  return {
    local: layers.local(lane),
    between: layers.place === place ? layers.between(lane, leaders) : undefined,
    place,
    group: layers.groupOf[root] as number,
  };
}
