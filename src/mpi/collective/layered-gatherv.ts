/** Gather of blocks whose sizes the root alone knows, by way of the groups' leaders: parcel.ts says how. */

import type { Steps } from '../schedule.ts';
import { bytesOf, part, type TypedArray } from '../typed.ts';
import { type Blocks, blocksOf } from './blocks.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';
import { linearGather } from './linear.ts';
import { isShort, parcelOf, piece, put, type Route, roomFor, routeTo, words } from './parcel.ts';

const nothing = new Uint8Array(0);

/** `into` and `blocks` count at the root only; `block` is undefined where the root's lies in place. */
export function* layeredGatherv(
  lane: Lane,
  layers: Layers,
  block: TypedArray | undefined,
  into: TypedArray | undefined,
  blocks: Blocks,
  root: number,
): Steps {
  const route = routeTo(root, lane, layers);
  if (layers.mine !== route.group) yield* handIn(lane, route, bytesOf(block ?? nothing), root);
  else if (lane.rank !== root) yield* linearGather(route.local, block, undefined, [], [], route.place);
  else if (into) yield* collect(lane, layers, route, block, into, blocks);
}

/** Our block, to the leader or the root. */
function* handIn(
  lane: Lane,
  { local, between, place, group }: Route,
  block: Uint8Array,
  root: number,
): Steps {
  const sends = isShort(block.length) ? [] : [lane.send(block, root)];
  const lengths = new Float64Array(between ? local.size : 0);
  const { counts, offsets } = words(local.size);
  yield* linearGather(local, Float64Array.of(block.length), lengths, counts, offsets, place);
  if (between) sends.push(between.send(lengths, group));
  const parcel = parcelOf(lengths);
  const data = roomFor(parcel);
  const mine = isShort(block.length) ? block : nothing;
  yield* linearGather(local, mine, data, parcel.counts, parcel.offsets, place);
  if (between && data.length > 0) sends.push(between.send(data, group));
  yield* lane.waitAll(sends);
}

/** At the root. */
function* collect(
  lane: Lane,
  { groups }: Layers,
  { local, between, place, group }: Route,
  block: TypedArray | undefined,
  into: TypedArray,
  blocks: Blocks,
): Steps {
  const leaders = between as Lane;
  const headers = groups.flatMap((ranks, from) => {
    if (from === group) return [];
    const lengths = new Float64Array(ranks.length);
    return [{ ranks, from, lengths, request: leaders.recv(lengths, from) }];
  });
  const own = blocksOf(blocks, groups[group] as readonly number[]);
  yield* linearGather(local, block, into, own.counts, own.offsets, place);
  for (const { ranks, from, lengths, request } of headers) {
    yield* lane.wait(request);
    const { counts, offsets } = blocksOf(blocks, ranks);
    const rooms = counts.map((count, i) => bytesOf(part(into, offsets[i] as number, count)));
    const long = ranks.flatMap((rank, i) =>
      isShort(lengths[i] as number) ? [] : [lane.recv(rooms[i] as Uint8Array, rank)],
    );
    const parcel = parcelOf(lengths);
    const data = roomFor(parcel);
    if (data.length > 0) yield* lane.wait(leaders.recv(data, from));
    for (const [i, rank] of ranks.entries()) put(rooms[i] as Uint8Array, piece(data, parcel, i), rank);
    yield* lane.waitAll(long);
  }
}
