/**
 * Memory for packets of one rail, used again and again: the rail's own where its targets can fetch from that alone without a
 * copy, and ordinary memory where they can from any, or when its own is used up.
 */

import { TransportError } from '../../transport/transport.ts';

/** Sizes of buffers: words of a few bytes, envelopes, pieces of staging memory, and the greatest packets. */
const sizes = [512, 4096, 20480, 36864, 131072] as const;
/** Bytes of the greatest packet. */
export const greatestPacket = 131072;

/** Memory of a rail that packets take at most; to be had by allocate() beside what a rank itself needs. */
export const railMemory = 4 << 20;

export class Buffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Index of its size. */
  readonly sort: number;

  constructor(bytes: Uint8Array, sort: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.sort = sort;
  }
}

export class Buffers {
  /** In use now. */
  lent = 0;
  readonly #allocate: ((bytes: number) => Uint8Array) | undefined;
  readonly #free: Buffer[][] = sizes.map(() => []);
  /** Bytes of the rail's memory that are still to be had. */
  #left = 0;

  /** `allocate`: gives memory of the rail, and throws a TransportError when there is no more. */
  constructor(allocate?: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    if (allocate) this.#left = railMemory;
  }

  take(bytes: number): Buffer {
    let sort = 0;
    while ((sizes[sort] ?? bytes) < bytes) sort++;
    this.lent++;
    return this.#free[sort]?.pop() ?? new Buffer(this.#more(sizes[sort] ?? bytes), sort);
  }

  give(buffer: Buffer): void {
    this.lent--;
    this.#free[buffer.sort]?.push(buffer);
  }

  #more(bytes: number): Uint8Array {
    if (this.#allocate && bytes <= this.#left) {
      try {
        const memory = this.#allocate(bytes);
        this.#left -= bytes;
        return memory;
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        this.#left = 0;
      }
    }
    return new Uint8Array(bytes);
  }
}
