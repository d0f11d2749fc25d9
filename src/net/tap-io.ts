/** Frames out of and into a TAP device, without a copy in user space: reads go to the given memory, writes gather. */

import type { Sink } from '../link/sink.ts';
import { readTo, writeVector } from '../sys/files.ts';
import { addressOf, Window } from '../sys/memory.ts';
import type { Tap } from '../sys/tap.ts';

/** Room for headers, then for data that does not lie in a window. */
const headerRoom = 4096;
const dataRoom = 65536;
/** Where the two iovecs lie, in 32-bit words. */
const vectorAt = 1024;
const headerAt = 64;

/** The low and high half of an address or length, as a 64-bit little-endian number in memory. */
function put64(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0;
  words[at + 1] = (value / 2 ** 32) | 0;
}

export class TapIo implements Sink {
  readonly #fd: number;
  readonly #scratch = Window.own(headerRoom + 4096 + dataRoom);
  readonly #words: Int32Array;
  readonly #vector: number;
  /** The base address of the memory that was written from last. */
  #known: Uint8Array = new Uint8Array(0);
  #base = 0;

  constructor(tap: Tap) {
    this.#fd = tap.fd;
    this.#words = this.#scratch.words;
    this.#vector = this.#scratch.address + 4 * vectorAt;
    put64(this.#words, vectorAt, this.#scratch.address + headerAt);
  }

  /** Reads one frame to an address; its length, or -1 when there is none. */
  read(address: number, room: number): number {
    return readTo(this.#fd, address, room);
  }

  deliver(
    header: Uint8Array,
    headerLength: number,
    data: Uint8Array,
    offset: number,
    length: number,
  ): boolean {
    const bytes = this.#scratch.bytes;
    for (let i = 0; i < headerLength; i++) bytes[headerAt + i] = header[i] as number;
    this.#words[vectorAt + 2] = headerLength;
    if (length === 0) return writeVector(this.#fd, this.#vector, 1) > 0;
    put64(this.#words, vectorAt + 4, this.#locate(data, offset, length));
    this.#words[vectorAt + 6] = length;
    return writeVector(this.#fd, this.#vector, 2) > 0;
  }

  #locate(data: Uint8Array, offset: number, length: number): number {
    if (data !== this.#known) {
      this.#known = data;
      this.#base = addressOf(data);
    }
    if (this.#base !== 0) return this.#base + offset;
    this.#scratch.bytes.set(data.subarray(offset, offset + length), headerRoom + 4096);
    return this.#scratch.address + headerRoom + 4096;
  }
}
