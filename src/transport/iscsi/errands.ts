/** Task management functions on their way: one table, so that each is settled (RFC 7143 §11.5, §11.6). */

import { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { ManagementFunction } from './opcodes.ts';

/** What was asked for. */
export interface Errand {
  readonly what: TaskManagement;
  readonly lun: number;
  /** The task meant, and the CmdSN before which tasks are meant. */
  readonly tag: number;
  readonly cmdSn: number;
  /** The named task's own CmdSN. */
  readonly refCmdSn: number;
}

interface Waiting extends Errand {
  since: number;
  tries: number;
  readonly resolve: (response: TaskManagementResponse) => void;
  readonly reject: (error: Error) => void;
}

/** SAM's functions, by number, as iSCSI numbers them. */
const functions: Readonly<Record<TaskManagement, number>> = {
  [TaskManagement.abortTask]: ManagementFunction.abortTask,
  [TaskManagement.abortTaskSet]: ManagementFunction.abortTaskSet,
  [TaskManagement.clearAca]: ManagementFunction.clearAca,
  [TaskManagement.clearTaskSet]: ManagementFunction.clearTaskSet,
  [TaskManagement.logicalUnitReset]: ManagementFunction.logicalUnitReset,
  [TaskManagement.targetReset]: ManagementFunction.targetWarmReset,
  [TaskManagement.queryTask]: ManagementFunction.queryTask,
};

export const functionOf = (what: TaskManagement): number => functions[what];

/** iSCSI's responses as SAM's; a task that is not there (1) was ended before. All others are refusals. */
const responses: Readonly<Record<number, TaskManagementResponse>> = {
  0: TaskManagementResponse.complete,
  1: TaskManagementResponse.complete,
  2: TaskManagementResponse.incorrectLun,
  7: TaskManagementResponse.succeeded,
};

export class Errands {
  readonly #waiting = new Map<number, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  /** `now`: it was just sent. */
  add(tag: number, errand: Errand, now: number): Promise<TaskManagementResponse> {
    return new Promise((resolve, reject) =>
      this.#waiting.set(tag, { ...errand, since: now, tries: 0, resolve, reject }),
    );
  }

  /** Sends those again that have waited for longer than `patience`; each gets a new tag. False: one has waited in vain. */
  remind(now: number, patience: number, maxTries: number, send: (errand: Errand) => number): boolean {
    for (const [tag, errand] of [...this.#waiting]) {
      if (now - errand.since < patience) continue;
      if (++errand.tries > maxTries) return false;
      errand.since = now;
      this.#waiting.delete(tag);
      this.#waiting.set(send(errand), errand);
    }
    return true;
  }

  /** One of them is about this task. */
  concerns(tag: number): boolean {
    for (const one of this.#waiting.values()) if (one.tag === tag) return true;
    return false;
  }

  /** A response came; `complete` is called first if the function was carried out. */
  settle(tag: number, response: number, complete: (errand: Errand) => void): void {
    const errand = this.#waiting.get(tag);
    if (!errand) return;
    this.#waiting.delete(tag);
    const said = responses[response] ?? TaskManagementResponse.rejected;
    if (said === TaskManagementResponse.complete) complete(errand);
    errand.resolve(said);
  }

  failAll(error: Error): void {
    for (const errand of this.#waiting.values()) errand.reject(error);
    this.#waiting.clear();
  }
}
