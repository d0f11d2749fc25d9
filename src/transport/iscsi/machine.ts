/** What a socket drives: bytes in, bytes out, and the passing of time. */

import type { Outbox } from './outbox.ts';

export interface Machine {
  readonly outbox: Outbox;
  /** Set: send what is in the outbox, then close. */
  readonly ended: boolean;
  /** When `tick` has something to do: the clock's milliseconds, infinity for never. */
  readonly due: number;
  /** What `receive` was handed is still referred to. */
  readonly holding: boolean;
  /**
   * What it sends by reference costs nobody memory, however much of it waits, so that reading goes on: two sides that both
   * have much to say and listen only after that would wait for each other for ever.
   */
  readonly lends: boolean;
  /** Called when something was put into the outbox, or it ended, from outside `receive` and `tick`. */
  onOutput: () => void;
  /** Bytes that came; they must not be written to while `holding`. */
  receive(chunk: Uint8Array): void;
  /** Time has passed: timeouts and pings. */
  tick(): void;
  /** The connection is gone. `why`: the system's reason, if there was one. */
  lost(why?: Error): void;
}

/** When a silent peer is asked whether it is there, or given up: a moment after what `tick` allows. */
export function pingDue(
  { ping, pong }: { readonly ping: number; readonly pong: number },
  heard: number,
  pinged: number | undefined,
): number {
  if (ping === 0) return Number.POSITIVE_INFINITY;
  return 1 + (pinged === undefined ? heard + ping : pinged + pong);
}
