/**
 * The ring of commands, pure: it reads entries that the kernel wrote and writes answers over them, in memory that it is
 * given. Answers may come in any order: each goes into the oldest entry that has none, with its command's number.
 * What the kernel wrote is checked all the same: a mistake must not become a write outside of the data area.
 */

import { Status } from '../../scsi/status.ts';
import type { TcmuCommand, Vectors } from './command.ts';
import {
  Capability,
  EntryByte,
  EntryWord,
  Mailbox,
  MailboxWord,
  mailboxVersion,
  maxSense,
  minCommandEntry,
  Op,
  opMask,
  UserFlag,
  vectorWords,
} from './layout.ts';

/** The memory that the kernel shares, or memory like it. */
export interface SharedMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Bytes of it that are shared. */
  readonly size: number;
}

/** What take() found. */
export type Found = 'nothing' | 'command' | 'malformed' | 'management';

/** Bytes of a CDB by its group (SPC-4, operation codes; what the kernel does for groups 3, 6 and 7). */
const cdbLengths = [6, 10, 10, 12, 16, 12, 10, 10] as const;
const variableLength = 0x7f;

/** The memory is not laid out as we know it. */
export class RingError extends Error {
  override readonly name = 'RingError';
}

export class CommandRing {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #size: number;
  readonly #dataAt: number;
  readonly #end: number;
  /** The next entry to read, the oldest without an answer, and what the kernel was told of the latter. */
  #parsed = 0;
  #tail = 0;
  #told = 0;
  /** Set: the kernel's entries make no sense, and nothing more is read. */
  broken: string | undefined;
  /** Entries of an operation that we don't know. */
  unknown = 0;
  /** Of the last 'management'. */
  managementType = 0;
  readonly managedCommands: number[] = [];

  /** @throws RingError */
  constructor({ bytes, words, size }: SharedMemory) {
    this.#bytes = bytes;
    this.#words = words;
    const { version, flags, ringAt, ringSize } = Mailbox.decode(bytes);
    if (version !== mailboxVersion) throw new RingError(`mailbox version ${version}, not ${mailboxVersion}`);
    const needed = Capability.outOfOrder | Capability.readLength;
    if ((flags & needed) !== needed) throw new RingError('the kernel is too old: no out-of-order completion');
    if (ringAt < Mailbox.size || ringAt % 8 || ringSize % 8 || ringSize === 0 || ringAt + ringSize > size)
      throw new RingError(`a ring of ${ringSize} bytes at ${ringAt} in a map of ${size}`);
    this.#at = ringAt;
    this.#size = ringSize;
    this.#dataAt = ringAt + ringSize;
    this.#end = size;
    this.reset();
  }

  /** Begins where the mailbox says, with nothing outstanding. */
  reset(): void {
    const tail = Atomics.load(this.#words, MailboxWord.tail) >>> 0;
    this.broken = tail % 8 === 0 && tail < this.#size ? undefined : `a tail of ${tail}`;
    this.#tail = this.#parsed = this.#told = tail;
  }

  get #head(): number {
    return Atomics.load(this.#words, MailboxWord.head) >>> 0;
  }

  /** Are there entries that were not taken? */
  get pending(): boolean {
    return this.broken === undefined && this.#head !== this.#parsed;
  }

  /** Takes the next entry. A command, malformed ones too, is put into `command`. */
  take(command: TcmuCommand): Found {
    while (this.pending) {
      const entry = this.#at + this.#parsed;
      const lengthAndOp = this.#word(entry, EntryWord.lengthAndOp);
      const length = (lengthAndOp & ~opMask) >>> 0;
      const op = lengthAndOp & opMask;
      if (!this.#believable(length, op)) return 'nothing';
      this.#parsed = (this.#parsed + length) % this.#size;
      if (op === Op.command) return this.#read(entry, length, command) ? 'command' : 'malformed';
      if (op === Op.taskManagement) {
        this.#readManagement(entry, length);
        return 'management';
      }
      if (op !== Op.pad) {
        this.unknown++;
        this.#bytes[entry + EntryByte.userFlags] = UserFlag.unknownOp;
      }
    }
    return 'nothing';
  }

  /** Does the next entry lie within what the kernel has written, and is it long enough to be answered? */
  #believable(length: number, op: number): boolean {
    const head = this.#head;
    const room = (head > this.#parsed ? head : this.#size) - this.#parsed;
    const least = op === Op.command ? minCommandEntry : 8;
    if (head < this.#size && length >= least && length <= room) return true;
    this.broken = `an entry of ${length} bytes at ${this.#parsed}, with the head at ${head}`;
    return false;
  }

  #word(entry: number, word: number): number {
    return this.#words[(entry >>> 2) + word] as number;
  }

  /** Two words as one number; more than 2^53 is far outside of everything anyway. */
  #long(entry: number, word: number): number {
    return (this.#word(entry, word) >>> 0) + (this.#word(entry, word + 1) >>> 0) * 0x1_0000_0000;
  }

  #id(entry: number): number {
    const at = entry + EntryByte.commandId;
    return (this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8);
  }

  #read(entry: number, length: number, command: TcmuCommand): boolean {
    command.begin(this.#id(entry), this.#bytes);
    const outs = this.#word(entry, EntryWord.vectors) >>> 0;
    const ins = this.#word(entry, EntryWord.bidirectional) >>> 0;
    const fits = 4 * (EntryWord.vector + vectorWords * (outs + ins)) <= length;
    command.room = ins > 0 ? command.separateRoom : command.out;
    const first = EntryWord.vector;
    const good =
      fits &&
      this.#readVectors(entry, first, outs, command.out) &&
      this.#readVectors(entry, first + vectorWords * outs, ins, command.separateRoom);
    command.dataOutWanted = command.out.total;
    return this.#readCdb(entry, length, command) && good;
  }

  #readVectors(entry: number, word: number, count: number, into: Vectors): boolean {
    for (let i = 0; i < count; i++) {
      const base = this.#long(entry, word + vectorWords * i);
      const length = this.#long(entry, word + vectorWords * i + 2);
      if (base < this.#dataAt || length > this.#end - base || into.total + length > this.#end) return false;
      into.add(base, length);
    }
    return true;
  }

  /** The entry holds the CDB itself but not its length, which the operation code tells. */
  #readCdb(entry: number, length: number, command: TcmuCommand): boolean {
    const { cdb } = command;
    const at = this.#long(entry, EntryWord.cdbAt);
    const room = entry + length - at;
    cdb.fill(0);
    command.cdbLength = 0;
    if (at < entry || room < 6) return false;
    const opcode = this.#bytes[at] as number;
    const size =
      opcode === variableLength ? 8 + (this.#bytes[at + 7] as number) : (cdbLengths[opcode >>> 5] as number);
    if (size > cdb.length || size > room) return false;
    for (let i = 0; i < size; i++) cdb[i] = this.#bytes[at + i] as number;
    command.cdbLength = size;
    return true;
  }

  #readManagement(entry: number, length: number): void {
    this.managementType = this.#bytes[entry + EntryByte.type] as number;
    const count = this.#word(entry, 3) >>> 0;
    this.managedCommands.length = 0;
    for (let i = 0; i < count && EntryByte.commandIds + 2 * i + 2 <= length; i++) {
      const at = entry + EntryByte.commandIds + 2 * i;
      this.managedCommands.push((this.#bytes[at] as number) | ((this.#bytes[at + 1] as number) << 8));
    }
  }

  /**
   * Answers a command that was taken, once. `readLength`: how much data-in there is; 0 can't be said, and means all of the
   * room. The kernel learns of it by publish().
   */
  answer(id: number, status: Status, sense: Uint8Array, readLength: number): void {
    this.#skip();
    if (this.broken !== undefined || this.#tail === this.#parsed) return;
    const bytes = this.#bytes;
    const entry = this.#at + this.#tail;
    const length = (this.#word(entry, EntryWord.lengthAndOp) & ~opMask) >>> 0;
    bytes[entry + EntryByte.commandId] = id;
    bytes[entry + EntryByte.commandId + 1] = id >>> 8;
    bytes[entry + EntryByte.userFlags] = readLength > 0 ? UserFlag.readLength : 0;
    bytes[entry + EntryByte.status] = status;
    this.#words[(entry >>> 2) + EntryWord.readLength] = readLength;
    if (status === Status.checkCondition) {
      const at = entry + EntryByte.sense;
      bytes.fill(0, at, at + maxSense);
      bytes.set(sense.length > maxSense ? sense.subarray(0, maxSense) : sense, at);
    }
    this.#tail = (this.#tail + length) % this.#size;
  }

  /** Passes by entries that are not answered. */
  #skip(): void {
    while (this.#tail !== this.#parsed) {
      const lengthAndOp = this.#word(this.#at + this.#tail, EntryWord.lengthAndOp);
      const length = (lengthAndOp & ~opMask) >>> 0;
      if ((lengthAndOp & opMask) === Op.command) return;
      if (length === 0) {
        this.broken = `the entry at ${this.#tail} changed`;
        return;
      }
      this.#tail = (this.#tail + length) % this.#size;
    }
  }

  /** Shows the kernel what was answered; true: there is something, and it should be told to look. */
  publish(): boolean {
    this.#skip();
    if (this.#tail === this.#told) return false;
    this.#told = this.#tail;
    Atomics.store(this.#words, MailboxWord.tail, this.#tail);
    return true;
  }
}
