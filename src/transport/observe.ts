/** Watches a port's traffic, as initiator and as target, and changes nothing: what trace and counters stand on. */

import {
  type Command,
  type Nexus,
  type Target,
  type TaskAttribute,
  TaskManagement,
  type TaskManagementResponse,
} from '../scsi/command.ts';
import type { Status } from '../scsi/status.ts';
import type { Task } from './task.ts';
import type { InitiatorNexus, Port } from './transport.ts';
import { WrappedNexus, wrapPort } from './wrap.ts';

/** How the target ended a command. */
interface Answer {
  /** Undefined: abandoned. */
  readonly status: Status | undefined;
  readonly sense: Uint8Array | undefined;
  /** Bytes of data-in that go back. */
  readonly dataInLength: number;
}

/** Told of everything, in the thread that polls. Must neither keep nor change what it is shown. */
export interface Observer {
  /** As initiator: a task was taken by submit(). */
  submitted(nexus: InitiatorNexus, task: Task): void;
  /** As initiator: a task ended; its owner does not know yet. */
  ended(nexus: InitiatorNexus, task: Task): void;
  /** As initiator: task management was asked for, or the end of a task. */
  asked(nexus: InitiatorNexus, what: TaskManagement, lun: number): void;
  /** As target: a command came. */
  arrived(command: Command): void;
  /** As target: a command is about to be ended. */
  answered(command: Command, answer: Answer): void;
  /** As target: a task management function came and was answered. */
  managed(nexus: Nexus, what: TaskManagement, lun: number, response: TaskManagementResponse): void;
}

/** Wraps a port so that `observer` sees what passes. */
export function observed(inner: Port, observer: Observer): Port {
  return wrapPort(inner, {
    nexus: (nexus) => new ObservedNexus(nexus, observer),
    target: (target) => new ObservedTarget(target, observer),
  });
}

class ObservedNexus extends WrappedNexus {
  readonly #observer: Observer;

  constructor(inner: InitiatorNexus, observer: Observer) {
    super(inner);
    this.#observer = observer;
  }

  override submit(task: Task): boolean {
    const taken = super.submit(task);
    if (taken) this.#observer.submitted(this, task);
    return taken;
  }

  override abort(task: Task): void {
    if (task.slot !== -1) this.#observer.asked(this, TaskManagement.abortTask, task.lun);
    super.abort(task);
  }

  override manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    this.#observer.asked(this, what, lun);
    return super.manage(what, lun, task);
  }

  protected override ended(task: Task): void {
    this.#observer.ended(this, task);
    task.done(task);
  }
}

class ObservedTarget implements Target {
  readonly #inner: Target;
  readonly #observer: Observer;
  /** Commands at rest, to be used again. */
  readonly #pool: ObservedCommand[] = [];
  readonly #lost = new WeakSet<Nexus>();

  constructor(inner: Target, observer: Observer) {
    this.#inner = inner;
    this.#observer = observer;
  }

  command(command: Command): void {
    const outer = this.#pool.pop();
    if (outer) outer.inner = command;
    const shown = outer ?? new ObservedCommand(this, command);
    this.#observer.arrived(shown);
    this.#inner.command(shown);
  }

  manage(nexus: Nexus, what: TaskManagement, lun: number, tag: number): TaskManagementResponse {
    const response = this.#inner.manage(nexus, what, lun, tag);
    this.#observer.managed(nexus, what, lun, response);
    return response;
  }

  nexusEstablished(nexus: Nexus): void {
    this.#inner.nexusEstablished(nexus);
  }

  nexusLost(nexus: Nexus): void {
    this.#lost.add(nexus);
    this.#inner.nexusLost(nexus);
  }

  /** A command ends. False: its nexus is lost, nobody hears of it. */
  end(command: ObservedCommand, answer: Answer): boolean {
    if (this.#lost.has(command.nexus)) return false;
    this.#observer.answered(command, answer);
    return true;
  }

  /** A command that was ended may be used again. One of a lost nexus may not: its holder may still answer it. */
  rest(command: ObservedCommand): void {
    this.#pool.push(command);
  }
}

class ObservedCommand implements Command {
  inner: Command;
  readonly #owner: ObservedTarget;

  constructor(owner: ObservedTarget, inner: Command) {
    this.#owner = owner;
    this.inner = inner;
  }

  get nexus(): Nexus {
    return this.inner.nexus;
  }

  get tag(): number {
    return this.inner.tag;
  }

  get lun(): number {
    return this.inner.lun;
  }

  get attribute(): TaskAttribute {
    return this.inner.attribute;
  }

  get cdb(): Uint8Array {
    return this.inner.cdb;
  }

  get cdbLength(): number {
    return this.inner.cdbLength;
  }

  get dataOut(): Uint8Array {
    return this.inner.dataOut;
  }

  get dataOutOffset(): number {
    return this.inner.dataOutOffset;
  }

  get dataOutLength(): number {
    return this.inner.dataOutLength;
  }

  get dataInLength(): number {
    return this.inner.dataInLength;
  }

  get dataOutWanted(): number {
    return this.inner.dataOutWanted;
  }

  set dataOutWanted(bytes: number) {
    this.inner.dataOutWanted = bytes;
  }

  complete(status: Status, sense?: Uint8Array, dataIn?: Uint8Array, offset = 0, length?: number): void {
    const offered = length ?? (dataIn?.length ?? offset) - offset;
    const dataInLength = Math.min(offered, this.inner.dataInLength);
    const { inner } = this;
    const live = this.#owner.end(this, { status, sense, dataInLength });
    inner.complete(status, sense, dataIn, offset, offered);
    if (live) this.#owner.rest(this);
  }

  abandon(): void {
    const { inner } = this;
    const live = this.#owner.end(this, { status: undefined, sense: undefined, dataInLength: 0 });
    inner.abandon();
    if (live) this.#owner.rest(this);
  }
}
