/** Broadcast of long messages: scatter, then gather around a ring; van de Geijn; Thakur et al. 2005, §4.2. */

import type { Steps } from '../schedule.ts';
import { part, type TypedArray } from '../typed.ts';
import { cut } from './blocks.ts';
import type { Lane } from './lane.ts';
import { ringAllgather } from './ring-allgather.ts';

export function* scatterBcast(lane: Lane, buffer: TypedArray, root: number): Steps {
  const { counts, offsets } = cut(buffer.length, lane.size);
  const block = (i: number) => part(buffer, offsets[i] as number, counts[i] as number);
  if (lane.rank === root) {
    const sends = [];
    for (let i = 0; i < lane.size; i++) if (i !== root) sends.push(lane.send(block(i), i));
    yield* lane.waitAll(sends);
  } else yield* lane.wait(lane.recv(block(lane.rank), root));
  yield* ringAllgather(lane, buffer, counts, offsets);
}
