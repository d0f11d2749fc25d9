/** Resets on their way: the kernel does them in its own time, and each promise is settled. */

import { TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import { SgReset } from '../../sys/sg.ts';
import type { Task } from '../task.ts';
import { type InitiatorNexus, TransportError } from '../transport.ts';

/** What SG_SCSI_RESET can do of what SAM-5 §7 knows. */
const functions: Readonly<Partial<Record<TaskManagement, number>>> = {
  [TaskManagement.logicalUnitReset]: SgReset.device | SgReset.noEscalate,
  [TaskManagement.targetReset]: SgReset.target | SgReset.noEscalate,
};

/** Undefined: the kernel offers nothing like it. */
export const resetFor = (what: TaskManagement): number | undefined => functions[what];

interface Reset {
  /** Tasks that were under way when it was asked for, by the slot's pack ID. */
  readonly tasks: readonly (readonly [Task, packId: number])[];
  readonly settle: (response: TaskManagementResponse | TransportError) => void;
  /** The kernel is through with it. */
  done: boolean;
}

/** Whether a task is still under way, in that use of its slot. */
type IsUnderWay = (task: Task, packId: number) => boolean;

export class Resets {
  readonly #isUnderWay: IsUnderWay;
  #waiting: Reset[] = [];

  constructor(isUnderWay: IsUnderWay) {
    this.#isUnderWay = isUnderWay;
  }

  /** A reset begins; resolved when the kernel and the tasks that it ends are through. */
  begin(
    tasks: readonly (readonly [Task, number])[],
    run: () => Promise<boolean>,
  ): Promise<TaskManagementResponse> {
    return new Promise((resolve, reject) => {
      const settle = (response: TaskManagementResponse | TransportError) => {
        this.#waiting = this.#waiting.filter((one) => one !== reset);
        if (response instanceof TransportError) reject(response);
        else resolve(response);
      };
      const reset: Reset = { tasks, settle, done: false };
      this.#waiting.push(reset);
      void run().then((worked) => {
        reset.done = true;
        if (!worked) settle(TaskManagementResponse.rejected);
        else this.poll(); // the tasks may have ended before, and nobody polls for what the kernel does besides
      });
    });
  }

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Settles those that the kernel is through with and whose tasks have ended. */
  poll(): void {
    for (const { done, tasks, settle } of [...this.#waiting])
      if (done && !tasks.some(([task, packId]) => this.#isUnderWay(task, packId)))
        settle(TaskManagementResponse.complete);
  }

  failAll({ target }: InitiatorNexus, fault: 'closed' | 'nexus-lost'): void {
    for (const { settle } of [...this.#waiting])
      settle(new TransportError(fault, `task management to target ${target}: ${fault}`));
  }
}
