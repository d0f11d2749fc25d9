/** Time as an argument: protocol code is handed a Clock and never asks the machine itself. */

import { performance } from 'node:perf_hooks'; // the global of that name is a getter, and slow

/** A monotonic clock. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  now(): number;
}

/** The machine's monotonic clock. */
export const realClock: Clock = { now: () => performance.now() };

/** The same, from a moment that all processes of the machine share. */
export const machineClock: Clock = { now: () => Number(process.hrtime.bigint()) / 1e6 };

/** What the calendar showed when the real clock showed `ms`: milliseconds since 1970. */
export const wallTime = (ms: number): number => Math.round(performance.timeOrigin + ms);

/** A clock that stands still until it is told to move: for tests and simulation. */
export class VirtualClock implements Clock {
  #now = 0;

  now(): number {
    return this.#now;
  }

  /** Moves on by `ms` milliseconds (0 or more). */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot go back: ${ms}`);
    this.#now += ms;
  }
}
