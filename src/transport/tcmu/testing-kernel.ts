/**
 * For tests: the kernel's side of a user-backed device, in plain memory. It writes entries and collects answers as
 * Linux does: entries in one piece, PAD before the ring's end, data in blocks wherever some are free.
 */

import { closeSync, readSync, writeSync } from 'node:fs';
import { makeEventFd } from '../../sys/files.ts';
import type { Doorbell } from './device.ts';
import {
  Capability,
  CommandRequest,
  CommandResponse,
  EntryHeader,
  IoVector,
  Mailbox,
  minCommandEntry,
  Op,
  opMask,
  TaskManagementRequest,
} from './layout.ts';
import type { SharedMemory } from './ring.ts';

/** How a command ended. */
export interface Answered {
  readonly id: number;
  readonly status: number;
  readonly sense: Uint8Array;
  /** What went to the initiator, for a command that asked for data. */
  readonly dataIn: Uint8Array;
  readonly unknownOp: boolean;
}

export interface FakeCommand {
  readonly cdb: Uint8Array;
  readonly dataOut?: Uint8Array;
  /** Bytes of room. */
  readonly dataIn?: number;
}

interface Outstanding {
  readonly blocks: readonly number[];
  readonly room: number;
}

/** The CDB as Linux passes it on: as long as its operation code's group has it, but no shorter than it is. */
function asLinux(cdb: Uint8Array): Uint8Array {
  const usual = [6, 10, 10, 12, 16, 12, 10, 10][(cdb[0] ?? 0) >>> 5] ?? 6;
  const whole = new Uint8Array(cdb[0] === 0x7f ? cdb.length : Math.max(usual, cdb.length));
  whole.set(cdb);
  return whole;
}

const cdbRoom = (length: number) => Math.ceil(length / 8) * 8;

export class FakeKernel implements Doorbell, Disposable {
  readonly memory: SharedMemory;
  readonly fd: number = makeEventFd();
  readonly answered: Answered[] = [];
  /** Set by the test: the device is gone. */
  removed = false;
  /** Times that we were told to look. */
  rings = 0;
  readonly #bytes: Uint8Array;
  readonly #ringSize: number;
  readonly #dataAt: number;
  readonly #block: number;
  readonly #free: number[];
  readonly #outstanding = new Map<number, Outstanding>();
  #cleaned = 0;

  constructor({ ringSize = 4096, blocks = 64, block = 256 } = {}) {
    this.#ringSize = ringSize;
    this.#dataAt = Mailbox.size + ringSize;
    this.#block = block;
    const size = this.#dataAt + blocks * block;
    const buffer = new ArrayBuffer(size);
    this.#bytes = new Uint8Array(buffer).fill(0xa5);
    this.memory = { bytes: this.#bytes, words: new Int32Array(buffer), size };
    this.#free = Array.from({ length: blocks }, (_, i) => i);
    const flags = Capability.outOfOrder | Capability.readLength | Capability.taskManagement;
    Mailbox.encode({ version: 2, flags, ringAt: Mailbox.size, ringSize }, this.#bytes);
  }

  get mailbox() {
    return Mailbox.over(this.#bytes);
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Makes blocks be used in another order: `random` gives numbers from 0 to below 1. */
  scatter(random: () => number): void {
    for (let i = this.#free.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const [a, b] = [this.#free[i] as number, this.#free[j] as number];
      this.#free[i] = b;
      this.#free[j] = a;
    }
  }

  clear(): boolean {
    try {
      readSync(this.fd, new Uint8Array(8));
    } catch {
      // nothing came
    }
    return !this.removed;
  }

  ring(): boolean {
    this.rings++;
    this.collect();
    return !this.removed;
  }

  #notify(): void {
    writeSync(this.fd, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  }

  /** Bytes that the head may advance without reaching what is not cleaned. */
  #room(): number {
    return (this.#cleaned - this.mailbox.head - 8 + 2 * this.#ringSize) % this.#ringSize;
  }

  /** Room for an entry in one piece, where the head now is; undefined: the ring is full. */
  #claim(length: number): number | undefined {
    const { head } = this.mailbox;
    const toEnd = this.#ringSize - head;
    if (toEnd >= length) return this.#room() >= length ? head : undefined;
    if (this.#room() < toEnd + length) return undefined;
    this.#bytes.set(EntryHeader.encode({ lengthAndOp: toEnd | Op.pad }), Mailbox.size + head);
    this.mailbox.head = 0;
    return 0;
  }

  /** Queues a command; undefined: there is no room. */
  submit({ cdb: given, dataOut, dataIn = 0 }: FakeCommand): number | undefined {
    const cdb = asLinux(given);
    const total = dataOut?.length ?? dataIn;
    const blocks = this.#free.slice(0, Math.ceil(total / this.#block));
    if (blocks.length * this.#block < total) return undefined;
    const vectors = this.#vectorsOf(blocks, total);
    const base = Math.max(minCommandEntry, CommandRequest.size + IoVector.size * vectors.length);
    const length = base + cdbRoom(cdb.length);
    const head = this.#claim(length);
    if (head === undefined) return undefined;
    this.#free.splice(0, blocks.length);
    let id = 1;
    while (this.#outstanding.has(id)) id++;
    this.#outstanding.set(id, { blocks, room: dataIn });
    const entry = this.#bytes.subarray(Mailbox.size + head, Mailbox.size + head + length);
    const cdbAt = BigInt(Mailbox.size + head + base);
    CommandRequest.encode({ vectors: vectors.length, cdbAt }, entry);
    const header = EntryHeader.over(entry);
    header.lengthAndOp = length | Op.command;
    header.commandId = id;
    for (const [i, [at, size]] of vectors.entries()) {
      const vector = entry.subarray(CommandRequest.size + IoVector.size * i);
      IoVector.encode({ base: BigInt(at), length: BigInt(size) }, vector);
    }
    entry.set(cdb, base);
    let from = 0;
    for (const [at, size] of dataOut ? vectors : []) {
      this.#bytes.set((dataOut as Uint8Array).subarray(from, from + size), at);
      from += size;
    }
    this.mailbox.head = (head + length) % this.#ringSize;
    this.#notify();
    return id;
  }

  /** Blocks that follow each other are one vector. */
  #vectorsOf(blocks: readonly number[], total: number): [at: number, size: number][] {
    const vectors: [number, number][] = [];
    let left = total;
    for (const [i, block] of blocks.entries()) {
      const size = Math.min(this.#block, left);
      left -= size;
      const last = vectors.at(-1);
      if (last && blocks[i - 1] === block - 1) last[1] += size;
      else vectors.push([this.#dataAt + block * this.#block, size]);
    }
    return vectors;
  }

  /** Queues an entry that is no command: task management, or something unknown. */
  note(op: number, type = 0, ids: readonly number[] = []): boolean {
    const length = cdbRoom(TaskManagementRequest.size + 2 * ids.length);
    const head = this.#claim(length);
    if (head === undefined) return false;
    const entry = this.#bytes.subarray(Mailbox.size + head, Mailbox.size + head + length);
    TaskManagementRequest.encode({ type, commands: ids.length }, entry);
    EntryHeader.over(entry).lengthAndOp = length | op;
    new Uint16Array(this.memory.words.buffer, entry.byteOffset + TaskManagementRequest.size).set(ids);
    this.mailbox.head = (head + length) % this.#ringSize;
    this.#notify();
    return true;
  }

  /** Takes the answers up to the tail. @throws Error where Linux would say that the ring is broken */
  collect(): void {
    while (this.#cleaned !== this.mailbox.tail) {
      const at = Mailbox.size + this.#cleaned;
      const entry = this.#bytes.subarray(at);
      const header = EntryHeader.over(entry);
      if ((header.lengthAndOp & opMask) === Op.command) this.#complete(entry);
      this.#cleaned = (this.#cleaned + (header.lengthAndOp & ~opMask)) % this.#ringSize;
    }
  }

  #complete(entry: Uint8Array): void {
    const { commandId: id, readLengthValid, unknownOp } = EntryHeader.decode(entry);
    const command = this.#outstanding.get(id);
    if (!command) throw new Error(`cmd_id ${id} not found, ring is broken`);
    this.#outstanding.delete(id);
    const { status, readLength, sense } = CommandResponse.decode(entry);
    const told = readLengthValid === 1 && readLength > 0;
    const wanted = told ? Math.min(readLength, command.room) : command.room;
    const moved = status === 2 && !told ? 0 : wanted;
    const dataIn = new Uint8Array(moved);
    for (const [i, block] of command.blocks.entries()) {
      const from = this.#dataAt + block * this.#block;
      const size = Math.min(this.#block, moved - i * this.#block);
      if (size > 0) dataIn.set(this.#bytes.subarray(from, from + size), i * this.#block);
    }
    this.#free.push(...command.blocks);
    this.answered.push({ id, status, sense, dataIn, unknownOp: unknownOp === 1 });
  }

  /** As writing to action/reset_ring: all that is outstanding ends with BUSY. */
  reset(): void {
    for (const [id, { blocks }] of this.#outstanding) {
      this.#free.push(...blocks);
      this.answered.push({
        id,
        status: 8,
        sense: new Uint8Array(0),
        dataIn: new Uint8Array(0),
        unknownOp: false,
      });
    }
    this.#outstanding.clear();
    this.#cleaned = this.mailbox.head = this.mailbox.tail = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
