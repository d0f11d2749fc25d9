/** What a socket drives: bytes in, bytes out, and the passing of time. */

import type { Outbox } from './outbox.ts';

export interface Machine {
  readonly outbox: Outbox;
  /** Set: send what is in the outbox, then close. */
  readonly ended: boolean;
  /** Called when something was put into the outbox from outside `receive` and `tick`. */
  onOutput: () => void;
  /** Bytes that came; they must not be written to again. */
  receive(chunk: Uint8Array): void;
  /** Time has passed: timeouts and pings. */
  tick(): void;
  /** The connection is gone. */
  lost(): void;
}
