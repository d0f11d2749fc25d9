/**
 * Broadcast of long messages in segments, down a chain of the groups' leaders and from each down a binomial tree within its
 * group: while a segment travels between groups, the one before is handed on within them. The link between two groups
 * carries each byte once. Pješivac-Grbović et al., "Performance analysis of MPI collective operations", 2007, §3.2 (pipeline).
 */

import type { Request } from '../request.ts';
import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { segment } from './choice.ts';
import type { Lane } from './lane.ts';
import type { Layers } from './layers.ts';

/** Segments under way at once, in and out. */
const window = 4;

/** Where a rank gets a segment, and where it hands it on. */
interface Station {
  from: ((piece: TypedArray) => Request) | undefined;
  readonly to: ((piece: TypedArray) => Request)[];
}

/** Leaders, in a chain that begins with the root. */
function inChain(chain: Lane, root: number, station: Station): void {
  const at = chain.around(chain.rank - root);
  const [before, behind] = [chain.around(chain.rank - 1), chain.around(chain.rank + 1)];
  if (at > 0) station.from = (piece) => chain.recv(piece, before);
  if (at < chain.size - 1) station.to.push((piece) => chain.send(piece, behind));
}

/** All of a group, in a binomial tree. */
function inTree(tree: Lane, root: number, station: Station): void {
  const me = tree.around(tree.rank - root);
  let mask = 1;
  while (mask < tree.size && (me & mask) === 0) mask *= 2;
  if (mask < tree.size) {
    const parent = tree.around(tree.rank - mask);
    station.from = (piece) => tree.recv(piece, parent);
  }
  for (mask >>>= 1; mask > 0; mask >>>= 1) {
    if (me + mask >= tree.size) continue;
    const child = tree.around(tree.rank + mask);
    station.to.push((piece) => tree.send(piece, child));
  }
}

export function* pipelineBcast(lane: Lane, layers: Layers, buffer: TypedArray, root: number): Steps {
  const leaders = layers.leaders(root);
  const place = layers.leaderPlace(leaders);
  const station: Station = { from: undefined, to: [] };
  if (layers.place === place) inChain(layers.between(lane, leaders), layers.groupOf[root] as number, station);
  inTree(layers.local(lane), place, station);
  yield* handOn(lane, buffer, station);
}

function* handOn(lane: Lane, buffer: TypedArray, { from, to }: Station): Steps {
  const each = segment / buffer.BYTES_PER_ELEMENT;
  const pieces: TypedArray[] = [];
  for (let at = 0; at < buffer.length; at += each)
    pieces.push(part(buffer, at, Math.min(each, buffer.length - at)));
  const coming: Request[] = [];
  const going: Request[][] = [];
  for (const [i, piece] of pieces.entries()) {
    if (from) {
      for (const next of pieces.slice(i + coming.length, i + window)) coming.push(from(next));
      yield* lane.wait(coming.shift() as Request);
    }
    going.push(to.map((send) => send(piece)));
    if (going.length > window) yield* lane.waitAll(going.shift() as Request[]);
  }
  for (const requests of going) yield* lane.waitAll(requests);
}
