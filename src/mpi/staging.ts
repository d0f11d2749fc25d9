/**
 * Memory through which long messages go whose data targets can't fetch where they lie, and the commands that carry
 * data. Messages that the receiver has not asked for may hold half of it; the rest always moves.
 */

import { copyFriendly, copyFriendlyMargin, DataTask, pieceNumbers } from './slots.ts';

export class Staging {
  /** Bytes of one piece. */
  readonly piece: number;
  readonly total: number;
  /** Bytes of the longest message that is worth staging. */
  readonly most: number;
  readonly #idle: DataTask[] = [];
  readonly #bare: DataTask[] = [];
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  /** Told that a piece is free again. */
  readonly #wanting: (() => void)[] = [];

  /**
   * `crowded`: ranks share processors, so that sender and receiver don't work on it at the same time, and what does not go at
   * once takes a turn of each again and again.
   */
  constructor(allocate: (bytes: number) => Uint8Array, pieces: number, piece: number, crowded = false) {
    this.piece = piece;
    this.total = pieces;
    this.most = crowded ? pieceNumbers * piece : Number.POSITIVE_INFINITY;
    const memory = allocate(pieces * piece + copyFriendlyMargin);
    const first = copyFriendly(memory, 0);
    this.#buffers.add(memory.buffer);
    for (let i = 0; i < pieces; i++)
      this.#idle.push(new DataTask(memory.subarray(first + i * piece, first + (i + 1) * piece)));
  }

  /** Memory that targets can fetch from is added. */
  know(memory: Uint8Array): void {
    this.#buffers.add(memory.buffer);
  }

  /** Targets can fetch these bytes where they lie. */
  reaches(bytes: Uint8Array): boolean {
    return this.#buffers.has(bytes.buffer);
  }

  /** A command with a piece of memory; `unasked`: for a message that the receiver has not asked for. */
  take(unasked: boolean): DataTask | undefined {
    if (unasked && this.#idle.length * 2 <= this.total) return undefined;
    return this.#idle.pop();
  }

  /** A command without memory. */
  takeBare(): DataTask {
    return this.#bare.pop() ?? new DataTask(new Uint8Array(0));
  }

  give(task: DataTask): void {
    if (task.staging.length === 0) {
      this.#bare.push(task);
      return;
    }
    this.#idle.push(task);
    if (this.#wanting.length > 0) this.#wanting.shift()?.();
  }

  /** Calls back once, when a piece is free. */
  want(told: () => void): void {
    this.#wanting.push(told);
  }
}
