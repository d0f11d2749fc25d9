/**
 * PDUs on their way out, with padding and digests: gathered until the batch is written in one go, each PDU whole in it.
 * Short data is copied into one slab, which is used again; long data that stays as it is goes by reference.
 */

import { crc32c, digestSize, writeDigest } from './crc32c.ts';
import { headerSize } from './pdu.ts';

const nothing = new Uint8Array(0);
const zeros = new Uint8Array(4);
const firstSlab = 64 * 1024;
/** A slab is not made larger than this to be kept. */
const largestSlab = 4 * 1024 * 1024;
/** From here on data goes by reference, if it may. */
const worthReference = 2048;

export class Outbox {
  headerDigest = false;
  dataDigest = false;
  /** The header of the next PDU: fill it in through views, then `put`. Zeros after each. */
  readonly header = new Uint8Array(headerSize);
  /** Bytes waiting. */
  size = 0;
  /** Those of them that lie in memory of ours. */
  copied = 0;
  #slab = new Uint8Array(firstSlab);
  /** Where the run of bytes not yet listed begins and ends. */
  #from = 0;
  #used = 0;
  #list: Uint8Array[] = [];
  /** What was taken last, until it has been written. */
  #taken: Uint8Array[] = [];
  #batch = 1;
  #writtenBatches = 0;

  /** Sends the header with this data segment. `stable`: the data stays as it is until it was written. */
  put(data: Uint8Array = nothing, stable = false, ahs: Uint8Array = nothing): void {
    const { header } = this;
    const padding = -data.length & 3;
    header[4] = ahs.length >>> 2;
    header[5] = data.length >>> 16;
    header[6] = data.length >>> 8;
    header[7] = data.length;
    const byReference = stable && data.length >= worthReference;
    this.#reserve(headerSize + ahs.length + 3 * digestSize + (byReference ? 0 : data.length));
    const start = this.#used;
    this.#add(header);
    if (ahs.length > 0) this.#add(ahs);
    if (this.headerDigest) this.#addDigest(crc32c(this.#slab.subarray(start, this.#used)));
    if (data.length > 0) {
      if (byReference) this.#refer(data);
      else this.#add(data);
      if (padding > 0) this.#add(zeros.subarray(0, padding));
      if (this.dataDigest) {
        const crc = crc32c(data);
        this.#addDigest(padding > 0 ? crc32c(zeros.subarray(0, padding), crc) : crc);
      }
    }
    header.fill(0);
  }

  /** What is put in now belongs to this batch: all that is taken out together. */
  get batch(): number {
    return this.#batch;
  }

  /** Not all of a batch has been written. */
  isWaiting(batch: number): boolean {
    return batch > this.#writtenBatches;
  }

  /** The owner of this memory wants it back: what has not been written of it is copied. */
  giveBack(memory: Uint8Array): void {
    for (const list of [this.#taken, this.#list]) copyWhere(list, (part) => overlap(part, memory));
  }

  /** All owners want their memory back. */
  giveAllBack(): void {
    for (const list of [this.#taken, this.#list])
      copyWhere(list, (part) => part.buffer !== this.#slab.buffer);
  }

  /**
   * Takes everything out, to be written in this order. Until `recycle`, or until more is taken, parts of the list are replaced
   * by copies when their owners want them back; written ones may be removed from it.
   */
  take(): Uint8Array[] {
    this.#finishRun();
    const list = this.#list;
    this.#list = [];
    this.#taken = list;
    this.#batch++;
    this.size = 0;
    this.copied = 0;
    return list;
  }

  /** All that was taken has been written: its memory may be used again. */
  recycle(): void {
    this.#taken = [];
    this.#writtenBatches = this.#batch - 1;
    if (this.size !== 0) return;
    this.#from = 0;
    this.#used = 0;
  }

  /** Nobody will write what is in it, or was taken. */
  discard(): void {
    this.take();
    this.recycle();
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#slab.length) return;
    this.#finishRun();
    const wish = Math.max(bytes, Math.min(2 * this.#slab.length, largestSlab));
    this.#slab = new Uint8Array(wish);
    this.#from = 0;
    this.#used = 0;
  }

  #add(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#used);
    this.#used += bytes.length;
    this.size += bytes.length;
    this.copied += bytes.length;
  }

  #addDigest(crc: number): void {
    writeDigest(crc, this.#slab, this.#used);
    this.#used += digestSize;
    this.size += digestSize;
    this.copied += digestSize;
  }

  #refer(bytes: Uint8Array): void {
    this.#finishRun();
    this.#list.push(bytes);
    this.size += bytes.length;
  }

  #finishRun(): void {
    if (this.#used > this.#from) this.#list.push(this.#slab.subarray(this.#from, this.#used));
    this.#from = this.#used;
  }
}

const overlap = (one: Uint8Array, other: Uint8Array): boolean =>
  one.buffer === other.buffer &&
  one.byteOffset < other.byteOffset + other.length &&
  other.byteOffset < one.byteOffset + one.length;

function copyWhere(list: Uint8Array[], isLent: (part: Uint8Array) => boolean): void {
  list.forEach((part, i) => {
    if (isLent(part)) list[i] = part.slice();
  });
}
