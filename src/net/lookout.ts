/**
 * Whether to look about for work, at the cost of processor time, or to sleep, at the cost of being woken: decided by
 * how long the pauses were lately, apart for pauses after sending (an answer may come) and after receiving.
 */

import type { Clock } from '../time/clock.ts';

/** How long to look for work before sleeping. */
export interface Patience {
  /** Milliseconds, or Infinity: never sleep. A pause that is expected to last longer is slept through. */
  readonly lookMs: number;
}

/**
 * D6: an idle host uses no processor; a busy one is rarely woken by a system call. On one or two processors the
 * applications and the other hosts want what looking about would cost: there it was measured to lose a tenth to a third
 * of one stream's throughput, and to gain nothing in round trips.
 */
export const usualPatience = (processors: number): Patience => ({ lookMs: processors > 2 ? 0.05 : 0 });
/** For hosts that have a processor to themselves. */
export const busyPoll: Patience = { lookMs: Number.POSITIVE_INFINITY };

/** Counters from 0 to 3, as branch predictors have them: from 2 on a short pause is expected. */
const sure = 3;
const expected = 2;
/** Looks between two looks at the clock. */
const looks = 8;

export class Lookout {
  readonly #clock: Clock;
  readonly #lookMs: number;
  /** How sure we are that the next pause is short: after receiving, after sending. */
  readonly #hope = [0, 0];
  #kind = 0;
  #restedAt = 0;

  constructor(clock: Clock, { lookMs }: Patience) {
    this.#clock = clock;
    this.#lookMs = lookMs;
  }

  /** There was work; `sent`: some of it went to the bus. */
  worked(sent: boolean): void {
    this.#kind = sent ? 1 : 0;
  }

  /** A pause begins at `now`: looks for its end, if it is expected soon. True: it has ended. */
  watch(now: number, look: () => boolean): boolean {
    this.#restedAt = now;
    if (this.#lookMs !== Number.POSITIVE_INFINITY && (this.#hope[this.#kind] as number) < expected)
      return false;
    const end = now + this.#lookMs;
    do {
      for (let i = 0; i < looks; i++)
        if (look()) {
          this.#learn(true);
          return true;
        }
    } while (this.#lookMs !== Number.POSITIVE_INFINITY && this.#clock.now() < end);
    return this.#lookMs === Number.POSITIVE_INFINITY;
  }

  /** A pause that was slept through ended at `now`. */
  woke(now: number): void {
    this.#learn(now - this.#restedAt <= 2 * this.#lookMs);
  }

  #learn(short: boolean): void {
    const hope = this.#hope[this.#kind] as number;
    this.#hope[this.#kind] = short ? Math.min(sure, hope + 1) : Math.max(0, hope - 1);
  }
}
