/** A target without room for a command says so (SAM-5 §5.3.1): the command is sent again, none is lost. */

import { Status } from '../scsi/status.ts';
import type { Task } from '../transport/task.ts';
import type { InitiatorNexus } from '../transport/transport.ts';

/** The command was refused for now: BUSY or TASK SET FULL. */
export const isRefusal = ({ fault, status }: Task): boolean =>
  fault === undefined && (status === Status.busy || status === Status.taskSetFull);

/** Commands of one sequence that were refused. They go again in their order. */
export class Refused<T extends Task> {
  readonly #tasks: T[] = [];
  readonly #order: (a: T, b: T) => number;

  constructor(order: (a: T, b: T) => number) {
    this.#order = order;
  }

  get length(): number {
    return this.#tasks.length;
  }

  add(task: T): void {
    this.#tasks.push(task);
  }

  /** Takes all out. */
  take(): T[] {
    return this.#tasks.splice(0);
  }

  /** Sends them, as far as the queue has room; for when all others are answered, so that none is missing. Returns how many went. */
  sendAgain(nexus: InitiatorNexus): number {
    const tasks = this.#tasks.sort(this.#order);
    let sent = 0;
    while (sent < tasks.length && nexus.submit(tasks[sent] as T)) sent++;
    tasks.splice(0, sent);
    nexus.kick();
    return sent;
  }
}
