/** Pieces of the memory that targets can fetch from, each with the command that sends it. */

import { CommunicationsOpcode } from '../scsi/opcodes.ts';
import { Task } from '../transport/task.ts';

const page = 4096;
/**
 * Where in a page data for long copies begin. Copying with REP MOVSB falls to a tenth of its speed on some processors
 * where the target's place in its page is just behind the source's (glibc bug 30994), and large arrays begin at the
 * beginning of a page, or 16 bytes behind it: half a page away from there is the best place.
 */
const placeInPage = 2048;

/** The first offset into `memory`, from `from` on, that lies at that place. */
export function copyFriendly(memory: Uint8Array, from: number): number {
  const place = (memory.byteOffset + from) % page;
  return from + ((placeInPage - place + page) % page);
}

/** Bytes to ask for on top, so that copyFriendly() finds room. */
export const copyFriendlyMargin = page;

/** A command with its memory: SEND MESSAGE(10) in stream 0. */
export class Slot extends Task {
  /** Where in the memory. */
  readonly at: number;
  readonly view: DataView;

  constructor(memory: Uint8Array, view: DataView, at: number) {
    super();
    this.at = at;
    this.view = view;
    this.setCdb(Uint8Array.of(CommunicationsOpcode.sendMessage10, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    this.setDataOut(memory, at, 0);
  }
}

/** Slots of one size. */
export class SlotPool {
  readonly total: number;
  readonly #free: Slot[] = [];

  constructor(memory: Uint8Array, at: number, count: number, room: number) {
    this.total = count;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    for (let i = 0; i < count; i++) this.#free.push(new Slot(memory, view, at + i * room));
  }

  take(): Slot | undefined {
    return this.#free.pop();
  }

  give(slot: Slot): void {
    this.#free.push(slot);
  }

  /** Less than half is free. */
  get scarce(): boolean {
    return this.#free.length * 2 < this.total;
  }

  /** Told by each slot when its command ends. */
  onEnd(told: (slot: Slot) => void): void {
    for (const slot of this.#free) slot.done = () => told(slot);
  }
}

/** Pieces of a message are counted in the vendor-specific bits of the CONTROL byte (SAM-5 §5.2, table 22), modulo this. */
export const pieceNumbers = 4;

/** Which piece a SEND MESSAGE(12) carries. */
export const pieceNumber = (cdb: Uint8Array): number => (cdb[11] as number) >>> 6;

/** A command that carries data of a long message: SEND MESSAGE(12) in the message's stream. */
export class DataTask extends Task {
  /** Memory of its own, to which data go that targets can't fetch where they lie. */
  readonly staging: Uint8Array;
  /** Counts the pieces of the message. */
  piece = 0;

  constructor(staging: Uint8Array) {
    super();
    this.staging = staging;
    this.setCdb(Uint8Array.of(CommunicationsOpcode.sendMessage12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  }

  /** Sets stream, length, and which piece of the message it is. */
  address(stream: number, length: number, piece: number): void {
    const { cdb } = this;
    this.piece = piece;
    cdb[11] = (piece % pieceNumbers) << 6;
    cdb[4] = stream >>> 8;
    cdb[5] = stream;
    cdb[6] = length >>> 24;
    cdb[7] = length >>> 16;
    cdb[8] = length >>> 8;
    cdb[9] = length;
  }
}
