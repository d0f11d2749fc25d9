/** An I_T nexus over one iSCSI session, from the initiator's side. */

import type { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { maxCdbLength, type Task, type TransportFault } from '../task.ts';
import { type InitiatorNexus, type Limits, TransportError } from '../transport.ts';
import type { InitiatorConnection } from './initiator-connection.ts';

/** What a nexus needs of what it belongs to. */
export interface NexusHost {
  readonly closed: boolean;
  /** Ends a task at the next poll. */
  failLater(end: () => void): void;
  /** The connection may have something to say, some time soon. */
  submitted(nexus: IscsiNexus): void;
  /** Sends what the connection has to say. */
  flush(nexus: IscsiNexus): void;
}

/** Slot of a task that ends at the next poll without having been sent. */
const notSent = -2;

export class IscsiNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits: Limits;
  readonly connection: InitiatorConnection;
  readonly #host: NexusHost;
  /** Tasks that end at the next poll. */
  #failing = 0;

  constructor(host: NexusHost, target: number, limits: Limits, connection: InitiatorConnection) {
    this.#host = host;
    this.target = target;
    this.limits = limits;
    this.connection = connection;
  }

  get alive(): boolean {
    return !this.connection.ended;
  }

  get queued(): number {
    return this.#failing + (this.connection.tasks?.queued ?? 0);
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
    else {
      this.connection.tasks?.submit(task);
      this.#host.submitted(this);
    }
    return true;
  }

  kick(): void {
    this.#host.flush(this);
  }

  abort(task: Task): void {
    if (this.connection.tasks?.withdraw(task)) this.#failLater(task, 'aborted');
    else this.connection.abort(task);
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    const fault = this.#unreachable();
    if (!fault) return this.connection.manage(what, lun, task);
    return Promise.reject(new TransportError(fault, `task management to target ${this.target}: ${fault}`));
  }

  #failLater(task: Task, fault: TransportFault): void {
    task.slot = notSent;
    this.#failing++;
    this.#host.failLater(() => {
      this.#failing--;
      task.fail(this.#host.closed ? 'closed' : fault);
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
    return this.#unreachable();
  }
}
