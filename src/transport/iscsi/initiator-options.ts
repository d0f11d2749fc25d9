/** What a connection of an initiator is told, and what it tells. */

import type { Clock } from '../../time/clock.ts';
import type { InitiatorChap } from './initiator-login.ts';
import type { Wishes } from './keys.ts';

export interface InitiatorOptions {
  readonly initiator: string;
  /** Undefined: a discovery session. */
  readonly target: string | undefined;
  readonly chap: InitiatorChap | undefined;
  readonly wishes: Wishes;
  /** Six bytes; the same again means the same initiator port. */
  readonly isid: Uint8Array;
  /** Milliseconds. */
  readonly timeouts: { readonly login: number; readonly ping: number; readonly pong: number };
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
}

/** What the owner of a connection is told. */
export interface InitiatorEvents {
  /** Full feature phase has begun. */
  ready(): void;
  /** It is over; why is undefined after a logout of ours. */
  over(why: Error | undefined): void;
  /** A digest was wrong. */
  damaged?(): void;
}
