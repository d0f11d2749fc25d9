/**
 * Memory for frames on their way out: slabs that targets can fetch from, each filled with frame after frame and
 * free again when the last command that points into it has ended. Not here: what is in a frame.
 */

import type { RecordValues } from './record.ts';

/** Longest datagram that a frame may carry, also one to be segmented. */
export const maxDatagram = 0xffff;
/** Room that must be left for a frame to be read in. */
const roomForFrame = 65_600;
export const slabSize = 131_072;

/** A slab, and in it the place for the next frame. */
export class Frame implements Readonly<RecordValues> {
  /** The pool's memory; the same for all its frames. */
  readonly bytes: Uint8Array;
  readonly base: number;
  /** Where the frame begins: virtio_net_hdr, Ethernet header, datagram. A multiple of 8. */
  start: number;
  /** Holders: commands that point into the slab, and whoever fills it. */
  refs = 0;
  /** Parcels in this slab per peer: what a peer pins. */
  readonly uses: Uint16Array;

  /** Of the datagram. This and what follows was read from the frame's headers, before they are overwritten; -1: not yet. */
  length = -1;
  /** SCSI ID of the peer, or one of `toGroup`, `toUnknown`. */
  to = 0;
  etherType = 0;
  flags = 0;
  gsoType = 0;
  headerLength = 0;
  gsoSize = 0;
  checksumStart = 0;
  checksumOffset = 0;
  readonly gap = 0;

  constructor(bytes: Uint8Array, base: number, ids: number) {
    this.bytes = bytes;
    this.base = base;
    this.start = base;
    this.uses = new Uint16Array(ids);
  }

  /** Bytes there are from `start`. */
  get capacity(): number {
    return this.base + slabSize - this.start;
  }
}

/** Values of `Frame.to` that are no ID. */
export const toGroup = -1;
export const toUnknown = -2;

/** All slabs of a link. */
export class FramePool {
  readonly #free: Frame[] = [];
  #current: Frame | undefined;
  /** Nothing has been read to `#current.start` yet, so it may still be moved. */
  #fresh = true;
  readonly size: number;

  /** @param bytes slabs × slabSize, 8-byte aligned */
  constructor(bytes: Uint8Array, slabs: number, ids: number) {
    this.size = slabs;
    for (let i = slabs - 1; i >= 0; i--) this.#free.push(new Frame(bytes, i * slabSize, ids));
  }

  /** Slabs that nobody holds. */
  get free(): number {
    return this.#free.length;
  }

  /** The place for the next frame; the same until consume(). Undefined: all slabs are held. */
  current(): Frame | undefined {
    const frame = this.#current;
    if (frame) {
      // Nobody else points into it: begin again where the cache is warm.
      if (this.#fresh && frame.refs === 1) frame.start = frame.base;
      this.#fresh = false;
      if (frame.capacity >= roomForFrame) return frame;
      this.#current = undefined;
      this.release(frame);
    }
    this.#current = this.take();
    this.#fresh = false;
    return this.#current;
  }

  /** The frame at `start` has been dealt with; `length` bytes of it must stay as they are while the slab is held. */
  consume(frame: Frame, length: number): void {
    frame.start += (length + 7) & ~7;
    frame.length = -1;
    if (frame === this.#current) this.#fresh = true;
  }

  /** A slab of one's own; release() it. */
  take(): Frame | undefined {
    const frame = this.#free.pop();
    if (frame) {
      frame.refs = 1;
      frame.start = frame.base;
      frame.length = -1;
    }
    return frame;
  }

  hold(frame: Frame): void {
    frame.refs++;
  }

  release(frame: Frame): void {
    if (--frame.refs === 0) this.#free.push(frame);
  }
}
