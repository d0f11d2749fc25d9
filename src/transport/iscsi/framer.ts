/**
 * Cuts a byte stream into PDUs (RFC 7143 §11.2) and checks their digests. What lies whole in a chunk is not copied.
 * Not here: what PDUs mean.
 */

import { crc32c, digestSize, readDigest } from './crc32c.ts';
import { headerSize } from './pdu.ts';

/** One PDU; its parts lie in memory that may be used again as soon as its connection is not `holding` (machine.ts). */
export interface Pdu {
  /** 48 bytes. */
  readonly header: Uint8Array;
  /** Additional header segments. */
  readonly ahs: Uint8Array;
  /** The data segment without padding. */
  readonly data: Uint8Array;
  /** False: the data digest is wrong. */
  readonly intact: boolean;
}

/** The stream makes no sense any more: the connection has to go (RFC 7143 §7.7, §7.8). */
export class FramingError extends Error {
  override readonly name = 'FramingError';
  readonly code: 'header-digest' | 'too-long';

  constructor(code: FramingError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const nothing = new Uint8Array(0);
const padded = (length: number) => (length + 3) & ~3;

export class Framer {
  headerDigest = false;
  dataDigest = false;
  /** Longest data segment taken, in bytes. */
  maxData: number;
  /** Set: nothing more is cut. */
  stopped = false;
  /** Says whether something that the sink was given is still referred to. */
  holding: () => boolean = () => true;
  readonly #sink: (pdu: Pdu) => void;
  /** A PDU of which more has to come, and how much of it is there. */
  #partial: Uint8Array = nothing;
  /** Where it lies: used again. */
  #memory: Uint8Array = nothing;
  #have = 0;

  constructor(maxData: number, sink: (pdu: Pdu) => void) {
    this.maxData = maxData;
    this.#sink = sink;
  }

  /** Takes what came; the sink is called for each PDU that is complete. The chunk must not be written to again. @throws FramingError */
  push(chunk: Uint8Array): void {
    let at = this.#have > 0 ? this.#continue(chunk) : 0;
    while (!this.stopped && at < chunk.length) {
      const rest = chunk.length - at;
      const size = rest < headerSize ? headerSize : this.#sizeOf(chunk, at);
      if (rest < size) {
        if (this.#memory.length < size || this.holding()) this.#memory = new Uint8Array(size);
        this.#partial = this.#memory.subarray(0, size);
        this.#partial.set(chunk.subarray(at));
        this.#have = rest;
        return;
      }
      this.#emit(chunk, at);
      at += size;
    }
  }

  /** Fills up the PDU that was begun; returns how much of the chunk that took. */
  #continue(chunk: Uint8Array): number {
    let at = 0;
    while (this.#have > 0 && at < chunk.length) {
      const more = Math.min(this.#partial.length - this.#have, chunk.length - at);
      this.#partial.set(chunk.subarray(at, at + more), this.#have);
      this.#have += more;
      at += more;
      if (this.#have === this.#partial.length) this.#filled();
    }
    return at;
  }

  /** As many bytes are there as were known to come: now more may be known. */
  #filled(): void {
    const whole = this.#partial;
    const size = this.#sizeOf(whole, 0);
    if (size > whole.length) {
      if (this.#memory.length < size) {
        this.#memory = new Uint8Array(size);
        this.#memory.set(whole);
      }
      this.#partial = this.#memory.subarray(0, size);
      return;
    }
    this.#have = 0;
    this.#partial = nothing;
    this.#emit(whole, 0);
  }

  #sizeOf(bytes: Uint8Array, at: number): number {
    const data = dataLength(bytes, at);
    if (data > this.maxData)
      throw new FramingError(
        'too-long',
        `a data segment of ${data} bytes, where ${this.maxData} are allowed`,
      );
    return this.#dataAt(bytes, at) + padded(data) + (this.dataDigest && data > 0 ? digestSize : 0);
  }

  /** Where the data segment begins, counted from the PDU's start. */
  #dataAt(bytes: Uint8Array, at: number): number {
    return headerSize + 4 * Number(bytes[at + 4]) + (this.headerDigest ? digestSize : 0);
  }

  #emit(bytes: Uint8Array, at: number): void {
    const headEnd = at + headerSize + 4 * Number(bytes[at + 4]);
    if (this.headerDigest && crc32c(bytes.subarray(at, headEnd)) !== readDigest(bytes, headEnd))
      throw new FramingError('header-digest', 'a header digest is wrong');
    const length = dataLength(bytes, at);
    const from = at + this.#dataAt(bytes, at);
    const end = from + padded(length);
    this.#sink({
      header: bytes.subarray(at, at + headerSize),
      ahs: headEnd === at + headerSize ? nothing : bytes.subarray(at + headerSize, headEnd),
      data: length === 0 ? nothing : bytes.subarray(from, from + length),
      intact:
        !this.dataDigest || length === 0 || crc32c(bytes.subarray(from, end)) === readDigest(bytes, end),
    });
  }
}

/** DataSegmentLength. */
const dataLength = (bytes: Uint8Array, at: number): number =>
  (Number(bytes[at + 5]) << 16) | (Number(bytes[at + 6]) << 8) | Number(bytes[at + 7]);
