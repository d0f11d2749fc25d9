/** For tests: an initiator whose commands a fake kernel puts on the ring of a TCMU port, as LIO does those of a fabric. */

import type { TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, type Task, type TransportFault } from '../task.ts';
import {
  type InitiatorNexus,
  type Limits,
  type Port,
  type PortListener,
  TransportError,
} from '../transport.ts';
import { Op } from './layout.ts';
import type { Answered, FakeKernel } from './testing-kernel.ts';

/** The kernel's TMR_ABORT_TASK. */
const abortTask = 1;

/** Sense data without the zeros behind it. */
const lengthOf = (sense: Uint8Array) => sense.findLastIndex((byte) => byte !== 0) + 1;

class FakeNexus implements InitiatorNexus {
  readonly target = 1;
  readonly limits: Limits;
  /** The target's port has closed. */
  gone = false;
  alive = true;
  readonly #kernel: FakeKernel;
  readonly #tasks = new Map<number, Task>();
  readonly #aborted = new Set<number>();
  #failing: { readonly task: Task; readonly fault: TransportFault }[] = [];
  #ended: { readonly task: Task; readonly answer: Answered }[] = [];
  #closed = false;

  constructor(kernel: FakeKernel, limits: Limits) {
    this.#kernel = kernel;
    this.limits = limits;
  }

  get queued(): number {
    return this.#tasks.size + this.#failing.length + this.#ended.length;
  }

  get pending(): boolean {
    this.#sort();
    return this.#failing.length + this.#ended.length > 0;
  }

  submit(task: Task): boolean {
    if (task.slot !== -1) throw new Error('the task is under way already');
    if (this.queued >= this.limits.maxQueued) return false;
    task.slot = 0;
    const fault = this.#unreachable() ?? this.#tooLarge(task);
    if (fault) this.#failing.push({ task, fault });
    else this.#queue(task);
    return true;
  }

  /** Takes what the kernel has, while its numbers still mean what they meant. */
  #sort(): void {
    for (const answer of this.#kernel.answered.splice(0)) {
      const task = this.#tasks.get(answer.id);
      this.#tasks.delete(answer.id);
      if (task) this.#ended.push({ task, answer });
    }
  }

  #queue(task: Task): void {
    this.#sort();
    const { dataOut, dataOutOffset: from, dataOutLength, dataInLength } = task;
    const out = dataOut.slice(from, from + dataOutLength);
    const data = dataOutLength > 0 ? { dataOut: out } : { dataIn: dataInLength };
    const id = this.#kernel.submit({ cdb: task.cdb.slice(0, task.cdbLength), ...data });
    if (id === undefined) throw new Error('the ring or the data area is too small for the limits');
    this.#tasks.set(id, task);
  }

  #tooLarge({ cdbLength, dataOutLength, dataInLength }: Task): TransportFault | undefined {
    const { maxDataOut, maxDataIn } = this.limits;
    const large = cdbLength > maxCdbLength || dataOutLength > maxDataOut || dataInLength > maxDataIn;
    return large ? 'too-large' : undefined;
  }

  #unreachable(): TransportFault | undefined {
    if (this.#closed) return 'closed';
    return this.alive ? undefined : 'selection-timeout';
  }

  kick(): void {}

  abort(task: Task): void {
    for (const [id, one] of this.#tasks) {
      if (one !== task || this.#aborted.has(id)) continue;
      this.#aborted.add(id);
      this.#kernel.note(Op.taskManagement, abortTask, [id]);
    }
  }

  async manage(): Promise<TaskManagementResponse> {
    throw new TransportError(this.#unreachable() ?? 'closed', 'the fake kernel brings no responses');
  }

  /** Ends what is due; returns how much. */
  collect(): number {
    const failing = this.#failing;
    this.#failing = [];
    for (const { task, fault } of failing) task.fail(fault);
    this.#sort();
    const ended = this.#ended;
    this.#ended = [];
    for (const { task, answer } of ended) this.#end(task, answer);
    return failing.length + ended.length;
  }

  #end(task: Task, { id, status, sense, dataIn }: Answered): void {
    if (this.#aborted.delete(id) && status === Status.taskAborted) {
      task.fail('aborted');
      return;
    }
    task.slot = -1;
    task.fault = undefined;
    task.status = status as Status;
    task.senseLength = status === Status.checkCondition ? lengthOf(sense) : 0;
    task.sense.set(sense.subarray(0, task.senseLength));
    task.dataIn.set(dataIn, task.dataInOffset);
    task.dataInTransferred = dataIn.length;
    task.residual = task.dataInLength - dataIn.length;
    task.done(task);
  }

  /** Ends all tasks: with 'closed' if it is our port that goes. */
  lose(fault: 'nexus-lost' | 'closed'): void {
    this.alive = false;
    this.#closed = fault === 'closed';
    const due = [...this.#failing, ...this.#ended].map(({ task }) => task);
    const tasks = [...this.#tasks.values(), ...due];
    this.#tasks.clear();
    this.#failing = [];
    this.#ended = [];
    for (const task of tasks) task.fail(fault);
  }
}

export class FakeInitiator implements Port {
  readonly id = 0;
  readonly width = 8;
  readonly bus = 'lab';
  readonly fd = -1;
  target: undefined;
  listener: PortListener | undefined;
  readonly nexus: FakeNexus;
  readonly targets: Map<number, InitiatorNexus>;
  #closed = false;

  constructor(kernel: FakeKernel, limits: Limits) {
    this.nexus = new FakeNexus(kernel, limits);
    this.targets = new Map([[this.nexus.target, this.nexus]]);
  }

  poll(): number {
    if (this.nexus.gone && this.nexus.alive) {
      this.targets.clear();
      this.nexus.lose('nexus-lost');
      this.listener?.vanished(this.nexus);
    }
    return this.nexus.collect();
  }

  wait(): boolean {
    return this.nexus.pending;
  }

  arm(): boolean {
    return !this.nexus.pending;
  }

  disarm(): void {}

  allocate(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.targets.clear();
    this.nexus.lose('closed');
  }
}
