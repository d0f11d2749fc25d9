/** A command that came through shared memory: one object, used again and again by the nexus that it came over. */

import { type Command, type Nexus, TaskAttribute } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';
import { maxCdbLength } from '../task.ts';
import { maxBrief } from './layout.ts';
import type { Served } from './served.ts';

const none = new Uint8Array(0);

export class ShmCommand implements Command {
  readonly nexus: Nexus;
  readonly cdb = new Uint8Array(maxCdbLength);
  readonly cdbWords = new Int32Array(this.cdb.buffer);
  dataOut: Uint8Array = none;
  /** Counts the commands of its nexus. */
  serial = 0;
  tag = 0;
  lun = 0;
  attribute: TaskAttribute = TaskAttribute.simple;
  cdbLength = 0;
  dataOutOffset = 0;
  dataOutLength = 0;
  dataInLength = 0;
  dataOutWanted = 0;
  /** Where in the initiator's memory its data-out lies; 0: in its region. */
  address = 0;
  notify = false;
  live = false;
  readonly #served: Served;
  /** Data-out that came within the queue entry, for a command that is held. */
  #kept: Uint8Array | undefined = undefined;

  constructor(served: Served) {
    this.nexus = served;
    this.#served = served;
  }

  /** The queue entry is about to be used again: its data are kept here. */
  keepInline(): void {
    this.#kept ??= new Uint8Array(maxBrief);
    const { dataOut, dataOutOffset: from, dataOutLength: length } = this;
    for (let i = 0; i < length; i++) this.#kept[i] = dataOut[from + i] as number;
    this.dataOut = this.#kept;
    this.dataOutOffset = 0;
  }

  /** Its data-out lies in the initiator's own memory. */
  lieFar(address: number): void {
    this.address = address;
    this.dataOut = none;
    this.dataOutOffset = 0;
  }

  get far(): boolean {
    return this.address !== 0;
  }

  fetch(into: Uint8Array, at: number, length: number): boolean {
    return length <= this.dataOutLength && this.#served.fetch(this, into, at, length);
  }

  complete(status: Status, sense = none, dataIn = none, offset = 0, length = dataIn.length - offset): void {
    this.#served.answer(this, status, sense, dataIn, offset, length);
  }

  abandon(): void {
    this.#served.abandon(this, 0);
  }
}
