/** All figures of the suite, in the order in which they run. */

import type { Figure } from '../figure.ts';
import { footprint } from './footprint.ts';
import { packets } from './packets.ts';
import { messages, ping, pingPong, pingPongBusy } from './round-trips.ts';
import { stream, stream1500 } from './streams.ts';

export const figures: readonly Figure[] = [
  stream,
  stream1500,
  ping,
  pingPong,
  pingPongBusy,
  messages,
  packets,
  footprint,
];
