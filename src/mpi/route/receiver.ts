/** The target's side of a pair: every chunk once and in order; what came too early waits, a window of it at most. */

import type { Chunk } from './packet.ts';

export class Receiver {
  readonly #window: number;
  readonly #early = new Map<number, Chunk>();
  /** The sequence number that comes next. */
  next = 0;
  duplicates = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** Chunks waiting for an earlier one. */
  get waiting(): number {
    return this.#early.size;
  }

  /** Messages that are whole with it, in order. */
  take(chunk: Chunk): number[] {
    const { sequence } = chunk;
    if (sequence < this.next || this.#early.has(sequence)) {
      this.duplicates++;
      return [];
    }
    if (sequence >= this.next + this.#window) return []; // no sender of ours goes that far ahead: it will come again
    this.#early.set(sequence, chunk);
    const whole: number[] = [];
    for (let due = this.#early.get(this.next); due; due = this.#early.get(this.next)) {
      this.#early.delete(this.next++);
      if (due.ends) whole.push(due.message);
    }
    return whole;
  }
}
