/** A command under way at an sg device: its header and what the header points to, in memory that stays where it is. */

import type { Status } from '../../scsi/status.ts';
import { addressOf, Window } from '../../sys/memory.ts';
import { SgDirection, SgFlag, SgIoHeader, sgInterfaceId } from '../../sys/sg.ts';
import { maxCdbLength, maxSenseLength, type Task } from '../task.ts';

/** Where the parts lie in a slot's share of memory. */
const cdbAt = 96;
const senseAt = cdbAt + maxCdbLength;
export const slotSize = 384;

type Header = ReturnType<typeof SgIoHeader.over>;

/** Low bits of a pack ID: the slot's index; the others count how often it was used, so that a late answer is known as such. */
const indexBits = 8;
export const maxSlots = 1 << indexBits;
export const slotOf = (packId: number): number => packId & (maxSlots - 1);
const packIdLimit = 2 ** 31;

/** TaskAttribute.headOfQueue */
const headOfQueue = 2;

export class Slot {
  readonly index: number;
  readonly header: Header;
  readonly headerAddress: number;
  readonly cdb: Uint8Array;
  readonly sense: Uint8Array;
  packId: number;
  /** The task; undefined: at rest, or given up while the kernel still has the command. */
  task: Task | undefined;
  /** The kernel has it. */
  busy = false;
  /** Data of tasks whose own memory may move, and all data-in: a task that was given up is never written to. */
  #data: Window | undefined;

  /** @param memory `slotSize` bytes of a window */
  constructor(index: number, memory: Uint8Array) {
    this.index = index;
    this.packId = index;
    this.header = SgIoHeader.over(memory);
    this.headerAddress = addressOf(memory);
    this.cdb = memory.subarray(cdbAt, cdbAt + maxCdbLength);
    this.sense = memory.subarray(senseAt, senseAt + maxSenseLength);
    const { header } = this;
    header.interfaceId = sgInterfaceId;
    header.senseRoom = maxSenseLength;
    header.cdb = this.headerAddress + cdbAt;
    header.sense = this.headerAddress + senseAt;
  }

  get dataIn(): Uint8Array {
    return this.#data?.bytes ?? new Uint8Array(0);
  }

  /** Puts into the task what its target said. */
  settle(task: Task, { status, senseLength, residual }: Header): void {
    task.fault = undefined;
    task.status = status as Status;
    task.senseLength = Math.min(senseLength, this.sense.length);
    if (senseLength > 0) task.sense.set(this.sense.subarray(0, task.senseLength));
    const { dataInLength, dataOutLength } = task;
    // Many carriers lose it, and some make it up.
    task.residual = Math.max(0, Math.min(residual | 0, dataInLength + dataOutLength));
    task.dataInTransferred = dataInLength > 0 ? dataInLength - task.residual : 0;
    if (task.dataInTransferred > 0)
      task.dataIn.set(this.dataIn.subarray(0, task.dataInTransferred), task.dataInOffset);
  }

  /** Data-out as it lies where the header points to. */
  load(task: Task, timeoutMs: number): void {
    const { header } = this;
    this.task = task;
    this.packId = (this.packId + maxSlots) % packIdLimit;
    header.packId = this.packId;
    this.cdb.set(task.cdb.subarray(0, task.cdbLength));
    header.cdbLength = task.cdbLength;
    header.timeoutMs = timeoutMs;
    header.flags = task.attribute === headOfQueue ? SgFlag.queueAtHead : SgFlag.queueAtTail;
    if (task.dataOutLength > 0) {
      header.direction = SgDirection.toDevice;
      header.dataLength = task.dataOutLength;
      header.data = this.#outAddress(task);
    } else if (task.dataInLength > 0) {
      header.direction = SgDirection.fromDevice;
      header.dataLength = task.dataInLength;
      header.data = this.#room(task.dataInLength).address;
    } else {
      header.direction = SgDirection.none;
      header.dataLength = 0;
      header.data = 0;
    }
  }

  #outAddress({ dataOut, dataOutOffset, dataOutLength }: Task): number {
    const address = addressOf(dataOut);
    if (address !== 0) return address + dataOutOffset;
    const data = this.#room(dataOutLength);
    data.bytes.set(dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength));
    return data.address;
  }

  /** A window of the slot's own that holds so many bytes. */
  #room(bytes: number): Window {
    if (this.#data && this.#data.size >= bytes) return this.#data;
    this.#data?.release();
    this.#data = Window.own(2 ** Math.ceil(Math.log2(bytes)));
    return this.#data;
  }

  release(): void {
    this.#data?.release();
    this.#data = undefined;
  }
}
