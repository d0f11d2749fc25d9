/** Scatter of blocks whose sizes the root alone knows, by way of the groups' leaders: parcel.ts says how. */

import type { Request } from '../request.ts';
import type { Steps } from '../schedule.ts';
import { bytesOf, part, type TypedArray } from '../typed.ts';
import { type Blocks, blocksOf } from './blocks.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import { linearScatter } from './linear.ts';
import { isShort, parcelOf, piece, put, type Route, roomFor, routeTo, words } from './parcel.ts';

const nothing = new Uint8Array(0);

/** `from` and `blocks` count at the root only; `block` is undefined where the root's stays in place. */
export function* layeredScatterv(
  lane: Lane,
  layers: Layers,
  from: TypedArray | undefined,
  blocks: Blocks,
  block: TypedArray | undefined,
  root: number,
): Steps {
  const route = routeTo(root, lane, layers);
  const { local, place, group } = route;
  if (layers.mine !== group) yield* handOut(lane, route, bytesOf(block ?? nothing), root);
  else if (lane.rank !== root) yield* linearScatter(local, undefined, [], [], block, place);
  else if (from) {
    const sends = layers.groups.flatMap((ranks, to) =>
      to === group ? [] : dispatch(lane, route, ranks, to, from, blocks),
    );
    const own = blocksOf(blocks, layers.groups[group] as readonly number[]);
    yield* linearScatter(local, from, own.counts, own.offsets, block, place);
    yield* lane.waitAll(sends);
  }
}

/** From the root to a group. */
function dispatch(
  lane: Lane,
  { between }: Route,
  ranks: readonly number[],
  to: number,
  from: TypedArray,
  blocks: Blocks,
): Request[] {
  const leaders = between as Lane;
  const { counts, offsets } = blocksOf(blocks, ranks);
  const pieces = counts.map((count, i) => bytesOf(part(from, offsets[i] as number, count)));
  const lengths = Float64Array.from(pieces, ({ length }) => length);
  const parcel = parcelOf(lengths);
  const data = roomFor(parcel);
  const sends = [leaders.send(lengths, to)];
  for (const [i, one] of pieces.entries()) {
    if (isShort(one.length)) data.set(one, parcel.offsets[i]);
    else sends.push(lane.send(one, ranks[i] as number));
  }
  if (data.length > 0) sends.push(leaders.send(data, to));
  return sends;
}

/** Our block, from the leader or the root. */
function* handOut(
  lane: Lane,
  { local, between, place, group }: Route,
  block: Uint8Array,
  root: number,
): Steps {
  const length = new Float64Array(1);
  const lengths = new Float64Array(between ? local.size : 0);
  if (between) yield* lane.wait(between.recv(lengths, group));
  const { counts, offsets } = words(local.size);
  yield* linearScatter(local, lengths, counts, offsets, length, place);
  if (!isShort(length[0] as number)) {
    const long = lane.recv(block, root);
    yield* share(local, between, lengths, place, group, nothing);
    yield* lane.wait(long);
  } else if (between) {
    const data = yield* share(local, between, lengths, place, group, undefined);
    put(block, piece(data, parcelOf(lengths), local.rank), root);
  } else yield* share(local, between, lengths, place, group, block);
}

/** The parcel, from the root to the leader to its group. Undefined `block`: the leader takes its own from what is returned. */
function* share(
  local: Lane,
  between: Lane | undefined,
  lengths: Float64Array,
  place: number,
  group: number,
  block: Uint8Array | undefined,
): Steps<Uint8Array> {
  const parcel = parcelOf(lengths);
  const data = roomFor(parcel);
  if (between && data.length > 0) yield* local.wait(between.recv(data, group));
  yield* linearScatter(local, data, parcel.counts, parcel.offsets, block, place);
  return data;
}
