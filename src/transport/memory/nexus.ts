/** One I_T nexus of the memory bus, both its sides: the initiator's, with its queue, and the target's name for it. */

import { type Nexus, TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import { maxCdbLength, type Task, type TransportFault } from '../task.ts';
import { type InitiatorNexus, type Limits, TransportError } from '../transport.ts';
import { Errand } from './errand.ts';
import type { Fifo } from './fifo.ts';
import { Slot } from './slot.ts';

/** What travels on the bus. */
export type Parcel = Slot | Errand | MemoryNexus;

/** What a nexus needs of a port, its own or its target's. */
export interface End {
  readonly id: number;
  readonly closed: boolean;
  /** Commands and task management on their way to this port's target. */
  readonly arrivals: Fifo<Parcel>;
  /** Answers on their way to this port as an initiator. */
  readonly answers: Fifo<Slot | Errand>;
  /** When something sent now arrives. */
  arrival(): number;
}

/** Bytes of data a command can carry, either way. */
const maxData = 1 << 20;

export class MemoryNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits: Limits;
  readonly identity: Nexus;
  alive = true;
  queued = 0;
  /** When the news of the initiator's end reaches the target. */
  due = 0;
  readonly peer: End;
  readonly #own: End;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #errands = new Set<Errand>();

  constructor(own: End, peer: End, bus: string, depth: number) {
    this.target = peer.id;
    this.peer = peer;
    this.#own = own;
    this.limits = { maxDataOut: maxData, maxDataIn: maxData, maxQueued: depth };
    this.identity = { initiator: own.id, name: `${bus}:${own.id}` };
  }

  submit(task: Task): boolean {
    if (task.slot !== -1) throw new Error(`target ${this.target}: the task is under way already`);
    if (this.queued === this.limits.maxQueued) return false;
    const fault = this.#refusal(task);
    const slot = this.#take();
    slot.load(task);
    slot.fault = fault;
    this.queued++;
    if (fault) {
      slot.state = 'answered';
      this.answered(slot, Number.NEGATIVE_INFINITY);
    } else {
      slot.state = 'sent';
      this.#send(slot);
    }
    return true;
  }

  kick(): void {}

  abort(task: Task): void {
    const slot = this.#slots[task.slot];
    if (slot?.task !== task || (slot.state !== 'sent' && slot.state !== 'held')) return;
    this.#send(new Errand(this, TaskManagement.abortTask, task.lun, task.slot));
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    const fault = this.#unreachable();
    return new Promise((resolve, reject) => {
      if (fault) {
        reject(this.#error(fault));
        return;
      }
      const errand = new Errand(this, what, lun, task?.slot ?? -1);
      errand.settle = (response) => {
        this.#errands.delete(errand);
        if (typeof response === 'number') resolve(response);
        else reject(this.#error(response));
      };
      this.#errands.add(errand);
      this.#send(errand);
    });
  }

  /** An answer sets out for the initiator. */
  answered(parcel: Slot | Errand, due = this.#own.arrival()): void {
    parcel.due = due;
    this.#own.answers.push(parcel);
  }

  /** An answer came back: the task ends. */
  end(slot: Slot): void {
    const { fault } = slot;
    const task = this.#release(slot);
    if (!task) return;
    if (fault) {
      task.fail(fault);
      return;
    }
    task.slot = -1;
    task.fault = undefined;
    task.done(task);
  }

  /** The target went away: what it still had is lost; answers that set out before arrive. */
  lose(): void {
    this.alive = false;
    this.#failAll('nexus-lost', (slot) => slot.state !== 'answered');
  }

  /** The initiator's port closes. */
  close(): void {
    this.alive = false;
    if (!this.peer.closed) {
      this.due = this.#own.arrival();
      this.peer.arrivals.push(this);
    }
    this.#failAll('closed', () => true);
  }

  #failAll(fault: TransportFault, which: (slot: Slot) => boolean): void {
    // Collected first: a callback may submit again.
    const slots = this.#slots.filter((slot) => slot.task && which(slot));
    const tasks = slots.map((slot) => this.#release(slot));
    for (const task of tasks) task?.fail(fault);
    for (const errand of [...this.#errands]) errand.settle(fault);
  }

  #send(parcel: Slot | Errand): void {
    parcel.due = this.#own.arrival();
    this.peer.arrivals.push(parcel);
  }

  #take(): Slot {
    const free = this.#free.pop();
    if (free) return free;
    const slot = new Slot(this, this.#slots.length);
    this.#slots.push(slot);
    return slot;
  }

  #release(slot: Slot): Task | undefined {
    const task = slot.unload();
    if (!task) return undefined;
    this.#free.push(slot);
    this.queued--;
    return task;
  }

  #unreachable(): TransportFault | undefined {
    if (this.#own.closed) return 'closed';
    return this.alive ? undefined : 'selection-timeout';
  }

  #refusal(task: Task): TransportFault | undefined {
    if (task.dataOutOffset + task.dataOutLength > task.dataOut.length)
      throw new RangeError(`target ${this.target}: the task's data-out lies outside its buffer`);
    if (task.dataInOffset + task.dataInLength > task.dataIn.length)
      throw new RangeError(`target ${this.target}: the task's data-in lies outside its buffer`);
    const { maxDataOut, maxDataIn } = this.limits;
    if (task.cdbLength > maxCdbLength || task.dataOutLength > maxDataOut || task.dataInLength > maxDataIn)
      return 'too-large';
    return this.#unreachable();
  }

  #error(fault: TransportFault): TransportError {
    return new TransportError(fault, `task management to target ${this.target}: ${fault}`);
  }
}
