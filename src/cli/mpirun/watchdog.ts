/** Notices a job in which nothing moves: every rank that is left is blocked, and in the same call as before. */

import type { Seen } from './report.ts';

export class Watchdog {
  readonly #patienceMs: number;
  #last = '';
  #since = 0;
  #told = false;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** True, once per standstill, when nothing has moved for the whole patience. */
  look(ranks: readonly Seen[], now: number): boolean {
    const open = ranks.filter((one) => !one.finalized);
    const stuck = open.length > 0 && open.every((one) => one.blocked);
    const state = stuck ? open.map((one) => `${one.rank}:${one.calls}`).join() : '';
    if (!stuck || state !== this.#last) {
      this.#last = state;
      this.#since = now;
      this.#told = false;
      return false;
    }
    if (this.#told || now - this.#since < this.#patienceMs) return false;
    this.#told = true;
    return true;
  }
}
