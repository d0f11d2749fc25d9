/** An I_T nexus through one sg device: one logical unit of one target, which we call LUN 0, or by its own number. */

import { type TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { unknownLun } from '../../scsi/refusals.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import { Window } from '../../sys/memory.ts';
import { maxCdbLength, type Task, type TransportFault } from '../task.ts';
import { type InitiatorNexus, type Limits, TransportError } from '../transport.ts';
import { Next, type SgDevice } from './device.ts';
import { Resets, resetFor } from './resets.ts';
import { Slot, slotOf, slotSize } from './slot.ts';
import { type SgTimeouts, timeoutOf } from './timeouts.ts';
import { verdictOf } from './verdict.ts';

/** What a nexus needs of its port. */
export interface NexusHost {
  readonly closed: boolean;
  readonly timeouts: SgTimeouts;
  /** Ends a task at the next poll. */
  failLater(end: () => void): void;
}

/** Slot of a task that ends at the next poll without being under way. */
const notSent = -2;
/** errno of a write() that may work later: no memory, or more commands than the kernel takes at once. */
const transient: ReadonlySet<number> = new Set([11, 12, 16, 33]); // EAGAIN, ENOMEM, EBUSY, EDOM
const EINVAL = 22;
/** Polls that find nothing, between two looks whether the device is still there: a look is a system call more. */
const idlePolls = 64;

const noUnit = encodeSense(unknownLun);

export class SgNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits: Limits;
  alive = true;
  /** The device is gone, or not as it was: to be given up at the next poll. */
  suspect = false;
  /** It answered a command. */
  answered = false;
  readonly #host: NexusHost;
  readonly #device: SgDevice;
  readonly #memory: Window;
  readonly #slots: readonly Slot[];
  readonly #resets = new Resets((task, packId) =>
    this.#slots.some((slot) => slot.task === task && slot.packId === packId),
  );
  /** Tasks under way, and tasks that end at the next poll. */
  #underWay = 0;
  #failing = 0;
  #idle = 0;

  constructor(host: NexusHost, target: number, device: SgDevice) {
    this.#host = host;
    this.target = target;
    this.#device = device;
    const { maxTransfer, depth } = device;
    this.limits = { maxDataOut: maxTransfer, maxDataIn: maxTransfer, maxQueued: depth };
    this.#memory = Window.own(depth * slotSize);
    this.#slots = Array.from(
      { length: depth },
      (_, i) => new Slot(i, this.#memory.bytes.subarray(i * slotSize, (i + 1) * slotSize)),
    );
  }

  get queued(): number {
    return this.#underWay + this.#failing;
  }

  submit(task: Task): boolean {
    if (task.slot !== -1) throw new Error(`target ${this.target}: the task is under way already`);
    if (task.dataOutOffset + task.dataOutLength > task.dataOut.length)
      throw new RangeError(`target ${this.target}: the task's data-out lies outside its buffer`);
    if (task.dataInOffset + task.dataInLength > task.dataIn.length)
      throw new RangeError(`target ${this.target}: the task's data-in lies outside its buffer`);
    if (this.queued >= this.limits.maxQueued) return false;
    const fault = this.#refusal(task);
    if (fault) this.#failLater(task, fault);
    else if (task.lun !== 0 && task.lun !== this.#device.lun) this.#refuseUnit(task);
    else return this.#start(task);
    return true;
  }

  /** A write() has made the kernel begin already. */
  kick(): void {}

  #start(task: Task): boolean {
    // The first that is free, so that a shallow queue stays in one file, which keeps the order of answers.
    const slot = this.#slots.find(({ busy }) => !busy);
    if (!slot) return false;
    slot.load(task, timeoutOf(task.cdb, this.#host.timeouts));
    const code = this.#device.start(slot);
    if (code === 0) {
      slot.busy = true;
      task.slot = slot.index;
      this.#underWay++;
      return true;
    }
    slot.task = undefined;
    if (transient.has(code)) return false;
    if (code === EINVAL) this.#failLater(task, 'too-large');
    else {
      this.suspect = true;
      this.#failLater(task, 'nexus-lost');
    }
    return true;
  }

  /**
   * The kernel has no way to take back one command: the task ends, and what it stood for goes on, keeping its place in
   * the queue until the target or the time-out ends it. Nothing of the task's memory is touched any more.
   */
  abort(task: Task): void {
    const slot = this.#slots[task.slot];
    if (slot?.task !== task) return;
    slot.task = undefined;
    this.#underWay--;
    this.#failLater(task, 'aborted');
  }

  manage(what: TaskManagement, lun: number, _task?: Task): Promise<TaskManagementResponse> {
    const fault = this.#unreachable();
    if (fault)
      return Promise.reject(new TransportError(fault, `task management to target ${this.target}: ${fault}`));
    const reset = resetFor(what);
    if (reset === undefined) return Promise.resolve(TaskManagementResponse.rejected);
    if (lun !== 0 && lun !== this.#device.lun) return Promise.resolve(TaskManagementResponse.incorrectLun);
    const tasks = this.#slots.flatMap(({ task, packId }) => (task ? [[task, packId] as const] : []));
    return this.#resets.begin(tasks, () => this.#device.reset(reset));
  }

  /** Fetches what has ended. Returns how many. */
  poll(): number {
    const ended = this.#collect();
    if (this.#resets.pending) this.#resets.poll();
    // A driver that has nothing to give doesn't say that the device has gone, and not everyone waits on `fd`.
    this.#idle = ended > 0 ? 0 : this.#idle + 1;
    if (this.#idle % idlePolls === idlePolls - 1 && this.alive && this.#device.hungUp()) this.suspect = true;
    return ended;
  }

  #collect(): number {
    let ended = 0;
    // Not for ever: whoever is answered may submit again.
    for (let left = this.#slots.length; left > 0 && this.alive; left--) {
      const packId = this.#device.next();
      if (packId === Next.gone) this.suspect = true;
      if (packId < 0) break;
      ended++;
      const slot = this.#slots[slotOf(packId)];
      if (slot?.busy && slot.packId === packId) this.#end(slot);
    }
    return ended;
  }

  #end(slot: Slot): void {
    const { task } = slot;
    const { hostStatus, driverStatus } = this.#device.answer;
    const verdict = verdictOf(hostStatus, driverStatus);
    slot.busy = false;
    slot.task = undefined;
    if (verdict === 'gone') this.suspect = true;
    else this.answered = true;
    if (!task) return; // given up
    this.#underWay--;
    if (verdict === 'gone') task.fail('nexus-lost');
    else if (verdict === 'answered') {
      slot.settle(task, this.#device.answer);
      task.slot = -1;
      task.done(task);
    } else task.fail(verdict);
  }

  /** Ends everything: the device has gone, or our port closes. */
  lose(fault: 'closed' | 'nexus-lost'): void {
    if (!this.alive) return;
    this.alive = false;
    this.#device[Symbol.dispose](); // from here on the kernel writes no more
    const tasks = this.#slots.map(({ task }) => task); // first all: a callback may submit again
    for (const slot of this.#slots) {
      slot.task = undefined;
      slot.busy = false;
      slot.release();
    }
    this.#memory.release();
    this.#underWay = 0;
    for (const task of tasks) task?.fail(fault);
    this.#resets.failAll(this, fault);
  }

  #failLater(task: Task, fault: TransportFault): void {
    this.#later(task, () => task.fail(this.#host.closed ? 'closed' : fault));
  }

  #later(task: Task, end: () => void): void {
    task.slot = notSent;
    this.#failing++;
    this.#host.failLater(() => {
      this.#failing--;
      end();
    });
  }

  /** What a target says of a logical unit that it does not have. */
  #refuseUnit(task: Task): void {
    this.#later(task, () => {
      if (this.#host.closed) {
        task.fail('closed');
        return;
      }
      task.fault = undefined;
      task.status = Status.checkCondition;
      task.sense.set(noUnit);
      task.senseLength = noUnit.length;
      task.dataInTransferred = 0;
      task.residual = task.dataInLength + task.dataOutLength;
      task.slot = -1;
      task.done(task);
    });
  }

  #unreachable(): TransportFault | undefined {
    if (this.#host.closed) return 'closed';
    return this.alive ? undefined : 'selection-timeout';
  }

  #refusal(task: Task): TransportFault | undefined {
    const { maxDataOut, maxDataIn } = this.limits;
    if (task.cdbLength > maxCdbLength || task.dataOutLength > maxDataOut || task.dataInLength > maxDataIn)
      return 'too-large';
    // A command has one data phase here.
    if (task.dataOutLength > 0 && task.dataInLength > 0) return 'too-large';
    return this.#unreachable();
  }
}
