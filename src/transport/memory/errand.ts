/** A task management function on its way to a target and back. */

import type { Target, TaskManagement, TaskManagementResponse } from '../../scsi/command.ts';
import type { TransportFault } from '../task.ts';
import type { MemoryNexus } from './nexus.ts';

export class Errand {
  readonly owner: MemoryNexus;
  due = 0;
  /** Told the response, or why there is none. */
  settle: (response: TaskManagementResponse | TransportFault) => void = () => undefined;
  readonly #what: TaskManagement;
  readonly #lun: number;
  readonly #tag: number;
  #response: TaskManagementResponse | TransportFault = 'selection-timeout';

  constructor(owner: MemoryNexus, what: TaskManagement, lun: number, tag: number) {
    this.owner = owner;
    this.#what = what;
    this.#lun = lun;
    this.#tag = tag;
  }

  /** Its initiator still waits for it. */
  get live(): boolean {
    return this.owner.alive;
  }

  /** At the target. */
  receive(target: Target | undefined): void {
    if (target) this.#response = target.manage(this.owner.identity, this.#what, this.#lun, this.#tag);
    this.owner.answered(this);
  }

  /** Back at the initiator. */
  end(): void {
    this.settle(this.#response);
  }
}
