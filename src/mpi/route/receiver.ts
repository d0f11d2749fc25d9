/** The target's side of a pair: every chunk once and in order; what came too early waits, a window of it at most. */

import type { Chunk, Ended, Wire } from './packet.ts';

interface ReceiverCounters {
  duplicates: number;
  /** Came further ahead than a window; no sender of ours goes that far. */
  beyond: number;
  /** Early chunks of a pair that waited at once, at most. */
  mostWaiting: number;
}

export class Receiver {
  readonly #wire: Pick<Wire, 'delivered' | 'stored'>;
  readonly #window: number;
  readonly #early = new Map<number, Chunk>();
  /** Whether the receipt of a chunk carried the answer, for a window's worth of chunks: no source asks for older ones. */
  readonly #rode: Uint8Array;
  /** The sequence number that comes next. */
  #next = 0;
  readonly #counters: ReceiverCounters;

  constructor(wire: Pick<Wire, 'delivered' | 'stored'>, window: number, counters: ReceiverCounters) {
    this.#counters = counters;
    this.#wire = wire;
    this.#window = window;
    this.#rode = new Uint8Array(window);
  }

  /** Takes a chunk, delivers what is whole with it, and says what to answer. */
  take(chunk: Chunk): Ended {
    const { sequence } = chunk;
    if (sequence < this.#next || this.#early.has(sequence)) return this.#again(sequence);
    if (sequence >= this.#next + this.#window) {
      this.#counters.beyond++;
      return 'busy';
    }
    this.#rode[sequence % this.#window] = 0;
    if (sequence !== this.#next || !chunk.ends) this.#wire.stored?.(chunk);
    if (sequence !== this.#next) {
      this.#early.set(sequence, chunk);
      this.#counters.mostWaiting = Math.max(this.#counters.mostWaiting, this.#early.size);
      return 'taken';
    }
    const answered = this.#advance(chunk);
    if (answered) this.#rode[sequence % this.#window] = 1;
    return answered ? 'answered' : 'taken';
  }

  #again(sequence: number): Ended {
    this.#counters.duplicates++;
    const known = sequence < this.#next && sequence >= this.#next - this.#window;
    return known && this.#rode[sequence % this.#window] === 1 ? 'answered' : 'taken';
  }

  /** From this chunk on: delivers all messages that are whole. True: that of this chunk was answered at once. */
  #advance(chunk: Chunk): boolean {
    let answered = false;
    for (let due: Chunk | undefined = chunk; due; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      if (!due.ends) continue;
      const rides = due.message === chunk.message;
      if (this.#wire.delivered(due.source, due.message, rides)) answered ||= rides;
    }
    return answered;
  }
}
