/** Reply slots: pieces of our region that carry data-in and sense data back, and data-out that lies outside it. */

import { replySlotBytes } from './layout.ts';

export class Slots {
  readonly count: number;
  readonly #first: number;
  readonly #free: number[];

  /** `first`: byte of the region where the first of `count` slots lies. */
  constructor(first: number, count: number) {
    this.count = count;
    this.#first = first;
    this.#free = Array.from({ length: count }, (_, i) => count - 1 - i);
  }

  /** Slots that are free. */
  get available(): number {
    return this.#free.length;
  }

  /** A slot's first byte in the region, or -1 when all are taken. */
  take(): number {
    const slot = this.#free.pop();
    return slot === undefined ? -1 : this.#first + slot * replySlotBytes;
  }

  /** Gives a slot back; -1 gives nothing. */
  give(at: number): void {
    if (at >= 0) this.#free.push((at - this.#first) / replySlotBytes);
  }
}
