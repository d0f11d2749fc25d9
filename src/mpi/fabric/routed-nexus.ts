/** The initiator's side of a routed nexus: a task is a message, and its answer rides on the receipt or is a message too. */

import { TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, type Task, type TransportFault } from '../../transport/task.ts';
import { type InitiatorNexus, type Limits, TransportError } from '../../transport/transport.ts';
import type { Arrival } from './arrival.ts';
import type { Buffer } from './buffers.ts';
import type { Outgoing } from './node.ts';
import {
  MessageFault,
  MessageKind,
  messageBytes,
  messageSize,
  type ReadMessage,
  writeMessage,
} from './packet.ts';
import { StoredMessage } from './stored-message.ts';

/** A message with so much data, its headers and its way fit the greatest packet. */
export const maxData = 124 << 10;
const limits: Limits = { maxDataOut: maxData, maxDataIn: maxData, maxQueued: 64 };

/** Slot of a task that ends at the next poll without having been sent. */
const notSent = -2;

/** What a nexus needs of its port. */
export interface NexusHost {
  readonly closed: boolean;
  send(to: number, what: Outgoing): void;
  kick(): void;
  /** Calls back at the next poll. */
  later(end: () => void): void;
}

interface Errand {
  readonly resolve: (response: TaskManagementResponse) => void;
  readonly reject: (error: TransportError) => void;
}

export class RoutedNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits = limits;
  readonly anywhere = true;
  alive = true;
  queued = 0;
  readonly #port: NexusHost;
  /** By tag. */
  readonly #slots: TaskMessage[] = [];
  readonly #free: TaskMessage[] = [];
  readonly #errands = new Map<number, Errand>();
  #lastErrand = 0;

  constructor(target: number, port: NexusHost) {
    this.target = target;
    this.#port = port;
  }

  submit(task: Task): boolean {
    if (task.slot !== -1) throw new Error(`target ${this.target}: the task is under way already`);
    if (task.dataOutOffset + task.dataOutLength > task.dataOut.length)
      throw new RangeError(`target ${this.target}: the task's data-out lies outside its buffer`);
    if (task.dataInOffset + task.dataInLength > task.dataIn.length)
      throw new RangeError(`target ${this.target}: the task's data-in lies outside its buffer`);
    if (this.queued >= limits.maxQueued) return false;
    this.queued++;
    const fault = this.#refusal(task);
    if (fault) this.#failLater(task, fault);
    else {
      const slot = this.#free.pop() ?? this.#newSlot();
      task.slot = slot.tag;
      slot.load(task);
      this.#port.send(this.target, slot);
    }
    return true;
  }

  #newSlot(): TaskMessage {
    const slot = new TaskMessage(this.#slots.length, (one, answered) => this.#arrived(one, answered));
    this.#slots.push(slot);
    return slot;
  }

  kick(): void {
    this.#port.kick();
  }

  abort(task: Task): void {
    if (this.#slots[task.slot]?.task === task)
      this.manage(TaskManagement.abortTask, task.lun, task).catch(() => undefined);
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    const fault = this.#unreachable();
    if (fault) return Promise.reject(this.#error(fault));
    return new Promise((resolve, reject) => {
      this.#lastErrand = (this.#lastErrand + 1) >>> 0;
      const tag = this.#lastErrand;
      this.#errands.set(tag, { resolve, reject });
      const value = task?.slot ?? -1;
      this.#port.send(
        this.target,
        new StoredMessage(MessageKind.management, { tag, code: what, lun, value }),
      );
    });
  }

  /** The target has the command; `answered`: and it has ended well. */
  #arrived(slot: TaskMessage, answered: boolean): void {
    const { task } = slot;
    if (!task) {
      this.#free.push(slot); // its answer was faster
      return;
    }
    if (!answered) return;
    task.status = Status.good;
    task.senseLength = 0;
    task.dataInTransferred = 0;
    task.residual = 0;
    this.#end(slot, task);
  }

  /** An answer came as a message; false: nobody has asked. */
  answered(message: ReadMessage, arrival: Arrival): boolean {
    const slot = this.#slots[message.tag];
    const task = slot?.task;
    if (!(slot && task) || message.data > task.dataInLength) return false;
    if (message.fault === MessageFault.none) {
      const { memory, at, bytes } = arrival;
      const { extra, data } = message;
      for (let i = 0; i < extra; i++) task.sense[i] = memory[at + messageBytes + i] as number;
      if (data > 0) task.dataIn.set(memory.subarray(at + bytes - data, at + bytes), task.dataInOffset);
      task.status = message.code as Status;
      task.senseLength = extra;
      task.dataInTransferred = data;
      task.residual = message.value;
      this.#end(slot, task);
    } else this.#end(slot, task, message.fault === MessageFault.aborted ? 'aborted' : 'selection-timeout');
    return true;
  }

  #end(slot: TaskMessage, task: Task, fault?: TransportFault): void {
    slot.task = undefined;
    this.queued--;
    if (!slot.underWay) this.#free.push(slot);
    if (fault) task.fail(fault);
    else {
      task.slot = -1;
      task.fault = undefined;
      task.done(task);
    }
  }

  /** A response to task management came; false: nobody has asked. */
  responded({ tag, code, fault }: ReadMessage): boolean {
    const errand = this.#errands.get(tag);
    if (!errand) return false;
    this.#errands.delete(tag);
    if (fault === MessageFault.none) errand.resolve(code as TaskManagementResponse);
    else errand.reject(this.#error('selection-timeout'));
    return true;
  }

  /** Ends everything that waits; nothing of it is on its way any more. */
  end(fault: TransportFault): void {
    this.alive = false;
    const tasks = this.#slots.flatMap(({ task }) => task ?? []);
    this.#slots.length = 0;
    this.#free.length = 0;
    this.queued -= tasks.length;
    const errands = [...this.#errands.values()];
    this.#errands.clear();
    for (const task of tasks) task.fail(fault);
    for (const { reject } of errands) reject(this.#error(fault));
  }

  #failLater(task: Task, fault: TransportFault): void {
    task.slot = notSent;
    this.#port.later(() => {
      this.queued--;
      task.fail(this.#port.closed ? 'closed' : fault);
    });
  }

  #refusal(task: Task): TransportFault | undefined {
    if (task.cdbLength > maxCdbLength || task.dataOutLength > maxData || task.dataInLength > maxData)
      return 'too-large';
    return this.#unreachable();
  }

  #unreachable(): TransportFault | undefined {
    if (this.#port.closed) return 'closed';
    return this.alive ? undefined : 'selection-timeout';
  }

  #error(fault: TransportFault): TransportError {
    return new TransportError(fault, `task management to target ${this.target}: ${fault}`);
  }
}

/** A task as a message; its data are copied into the packet. Used again once it has ended and the target has said that it came. */
class TaskMessage implements Outgoing {
  readonly tag: number;
  task: Task | undefined = undefined;
  underWay = false;
  readonly #over: (message: TaskMessage, answered: boolean) => void;

  constructor(tag: number, over: (message: TaskMessage, answered: boolean) => void) {
    this.tag = tag;
    this.#over = over;
  }

  load(task: Task): void {
    this.task = task;
    this.underWay = true;
  }

  get size(): number {
    const { task } = this;
    return task ? messageSize(task.cdbLength, task.dataOutLength) : messageBytes;
  }

  write({ bytes, view }: Buffer, at: number): number {
    const { task, tag } = this;
    if (!task) {
      // Answered before its receipt came: what goes once more is only to be recognized as a duplicate.
      writeMessage(view, at, MessageKind.hello, 0, 0, 0, tag, 0, 0, 0);
      return messageBytes;
    }
    const { cdb, cdbLength, dataOut, dataOutOffset, dataOutLength, dataInLength } = task;
    const { command } = MessageKind;
    writeMessage(view, at, command, task.attribute, 0, cdbLength, tag, task.lun, dataInLength, dataOutLength);
    for (let i = 0; i < cdbLength; i++) bytes[at + messageBytes + i] = cdb[i] as number;
    const size = messageSize(cdbLength, dataOutLength);
    if (dataOutLength > 0)
      bytes.set(dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength), at + size - dataOutLength);
    return size;
  }

  arrived(answered: boolean): void {
    this.underWay = false;
    this.#over(this, answered);
  }
}
