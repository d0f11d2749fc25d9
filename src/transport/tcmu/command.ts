/**
 * A command that came from the kernel, and the places in the data area that belong to it. Used again.
 *
 * The kernel does not say which way the data goes (the fabric knows, and user space is to tell from the CDB): a command
 * with vectors offers them as data-out and as room for data-in. What was not sent reads as whatever lay there before.
 */

import type { Command, Nexus } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';

const nothing: Uint8Array = new Uint8Array(0);
/** Longest CDB that is passed on. */
const maxCdb = 32;

/** Who answers: the device. */
export interface Answerer extends Nexus {
  answer(
    command: TcmuCommand,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    length: number,
  ): void;
  abandoned(command: TcmuCommand): void;
}

/** Places in the data area, one after another. */
export class Vectors {
  count = 0;
  /** Bytes of all. */
  total = 0;
  readonly bases: number[] = [];
  readonly lengths: number[] = [];

  clear(): void {
    this.count = 0;
    this.total = 0;
  }

  add(base: number, length: number): void {
    this.bases[this.count] = base;
    this.lengths[this.count] = length;
    this.count++;
    this.total += length;
  }

  /** Copies from the places to `into`. */
  gather(area: Uint8Array, into: Uint8Array): void {
    for (let i = 0, at = 0; i < this.count; i++) {
      const base = this.bases[i] as number;
      const length = this.lengths[i] as number;
      into.set(area.subarray(base, base + length), at);
      at += length;
    }
  }

  /** Copies to the places, as far as there is something. */
  scatter(area: Uint8Array, from: Uint8Array): void {
    for (let i = 0, at = 0; at < from.length; i++) {
      const length = Math.min(this.lengths[i] as number, from.length - at);
      area.set(from.subarray(at, at + length), this.bases[i] as number);
      at += length;
    }
  }

  /** Zeros the first `length` bytes, which must be there. */
  clearFirst(area: Uint8Array, length: number): void {
    for (let i = 0, left = length; left > 0; i++) {
      const base = this.bases[i] as number;
      const some = Math.min(this.lengths[i] as number, left);
      area.fill(0, base, base + some);
      left -= some;
    }
  }
}

export class TcmuCommand implements Command {
  readonly #device: Answerer;
  /** The kernel's number for it, its own until it is answered. */
  tag = 0;
  /** A user-backed device is one logical unit; the LUN that the fabric shows it under is not told. */
  readonly lun: number;
  /** Nor does the kernel say how it was queued. */
  readonly attribute = 0;
  readonly cdb: Uint8Array = new Uint8Array(maxCdb);
  cdbLength = 0;
  dataOutWanted = 0;
  readonly out = new Vectors();
  /** Room for data-in: the same places, unless the command goes both ways. */
  room: Vectors = this.out;
  readonly separateRoom = new Vectors();
  area: Uint8Array = nothing;
  live = false;
  /** When it came, by the port's clock. */
  since = 0;
  #gathered: Uint8Array = nothing;
  #isGathered = false;

  constructor(device: Answerer, lun: number) {
    this.#device = device;
    this.lun = lun;
  }

  get nexus(): Nexus {
    return this.#device;
  }

  /** Ready to take in a new command. */
  begin(tag: number, area: Uint8Array): void {
    this.tag = tag;
    this.area = area;
    this.out.clear();
    this.separateRoom.clear();
    this.#isGathered = false;
    this.live = true;
  }

  /** In the data area where it lies in one piece; otherwise it is gathered, when somebody asks for it. */
  get dataOut(): Uint8Array {
    const { out } = this;
    if (out.count <= 1) return this.area;
    if (!this.#isGathered) {
      if (this.#gathered.length < out.total) this.#gathered = new Uint8Array(out.total);
      out.gather(this.area, this.#gathered);
      this.#isGathered = true;
    }
    return this.#gathered;
  }

  get dataOutOffset(): number {
    return this.out.count === 1 ? (this.out.bases[0] as number) : 0;
  }

  get dataOutLength(): number {
    return this.out.total;
  }

  get dataInLength(): number {
    return this.room.total;
  }

  complete(status: Status, sense = nothing, dataIn = nothing, offset = 0, length?: number): void {
    if (this.live) this.#device.answer(this, status, sense, dataIn, offset, length ?? dataIn.length - offset);
  }

  abandon(): void {
    if (this.live) this.#device.abandoned(this);
  }
}
