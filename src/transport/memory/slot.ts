/** A command on the memory bus: one object serves both ends, and is used again for the next command. */

import type { Command, Nexus, Target, TaskAttribute } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength, type Task, type TransportFault } from '../task.ts';
import type { MemoryNexus } from './nexus.ts';

const nothing = new Uint8Array(0);

/** Where a slot is: unused; on its way to the target; with the target; on its way back. */
export type SlotState = 'free' | 'sent' | 'held' | 'answered';

export class Slot implements Command {
  readonly nexus: Nexus;
  readonly tag: number;
  lun = 0;
  attribute: TaskAttribute = 0;
  readonly cdb: Uint8Array = new Uint8Array(maxCdbLength);
  cdbLength = 0;
  dataOut: Uint8Array = nothing;
  dataOutOffset = 0;
  dataOutLength = 0;
  dataInLength = 0;
  dataOutWanted = 0;

  /** The initiator's task; undefined when free. */
  task: Task | undefined = undefined;
  state: SlotState = 'free';
  /** How the task ends, when not with a status. */
  fault: TransportFault | undefined = undefined;
  /** When it reaches the end it is on its way to. */
  due = 0;
  readonly owner: MemoryNexus;

  constructor(owner: MemoryNexus, tag: number) {
    this.owner = owner;
    this.nexus = owner.identity;
    this.tag = tag;
  }

  /** Takes a task aboard. */
  load(task: Task): void {
    this.task = task;
    task.slot = this.tag;
    this.lun = task.lun;
    this.attribute = task.attribute;
    this.cdb.set(task.cdb);
    this.cdb.fill(0, task.cdbLength);
    this.cdbLength = task.cdbLength;
    this.dataOut = task.dataOut;
    this.dataOutOffset = task.dataOutOffset;
    this.dataOutLength = task.dataOutLength;
    this.dataOutWanted = task.dataOutLength;
    this.dataInLength = task.dataInLength;
    this.fault = undefined;
  }

  /** Makes the slot free again; gives back the task it carried. */
  unload(): Task | undefined {
    const { task } = this;
    this.task = undefined;
    this.dataOut = nothing;
    this.state = 'free';
    return task;
  }

  /** On its way to the target, for an initiator that still waits for it. */
  get live(): boolean {
    return this.state === 'sent';
  }

  /** At the target. */
  receive(target: Target | undefined): void {
    this.state = 'held';
    if (target) target.command(this);
    else this.#end('selection-timeout');
  }

  /** Back at the initiator. */
  end(): void {
    this.owner.end(this);
  }

  complete(status: Status, sense = nothing, dataIn = nothing, offset = 0, length?: number): void {
    const { task } = this;
    if (!this.#open || !task) return;
    const offered = length ?? dataIn.length - offset;
    const moved = Math.min(offered, this.dataInLength);
    if (moved > 0) task.dataIn.set(dataIn.subarray(offset, offset + moved), task.dataInOffset);
    task.dataInTransferred = moved;
    task.senseLength = Math.min(sense.length, maxSenseLength);
    if (sense.length > 0) task.sense.set(sense.subarray(0, task.senseLength));
    task.status = status;
    task.residual = this.#residual(offered);
    this.#end(undefined);
  }

  abandon(): void {
    if (this.#open) this.#end('aborted');
  }

  /** The target may still answer it. */
  get #open(): boolean {
    return this.state === 'held' && !this.owner.peer.closed;
  }

  /** Data-in, when there is room for it or nothing else to tell of; otherwise data-out (SAM-5 §5.4.3). */
  #residual(offered: number): number {
    const onlyIn = this.dataInLength > 0 || (this.dataOutLength === 0 && this.dataOutWanted === 0);
    return onlyIn ? this.dataInLength - offered : this.dataOutLength - this.dataOutWanted;
  }

  #end(fault: TransportFault | undefined): void {
    this.fault = fault;
    this.state = 'answered';
    this.owner.answered(this);
  }
}
