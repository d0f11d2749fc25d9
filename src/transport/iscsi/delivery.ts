/**
 * When a command of a session may be handed to the device server. Those that wait for data-out would be overtaken; that is
 * right among SIMPLE commands, but not where one is ORDERED (SAM-5 §8.9). Order is kept per logical unit.
 */

import { TaskAttribute } from '../../scsi/command.ts';
import { ahead } from './serial.ts';
import type { TargetTask } from './target-task.ts';

export class Delivery {
  /** While a task management function waits for older commands: those from this CmdSN on wait for it. */
  fence: number | undefined;
  readonly #tasks: ReadonlyMap<number, TargetTask>;
  readonly #deliver: (task: TargetTask) => void;
  /** Commands that were not delivered yet; how many of them are ORDERED; and how many have all their data. */
  #undelivered = 0;
  #ordered = 0;
  #waiting = 0;

  /** `tasks`: oldest first. */
  constructor(tasks: ReadonlyMap<number, TargetTask>, deliver: (task: TargetTask) => void) {
    this.#tasks = tasks;
    this.#deliver = deliver;
  }

  /** A command has come. */
  enter(task: TargetTask): void {
    this.#undelivered++;
    if (task.attribute === TaskAttribute.ordered) this.#ordered++;
  }

  /** It has all its data: it is delivered, now or when its turn has come. */
  ready(task: TargetTask): void {
    if (this.#mayGo(task)) {
      this.#go(task);
      if (this.#waiting > 0) this.advance();
      return;
    }
    task.state = 'waiting';
    this.#waiting++;
  }

  /** It will not be delivered. */
  leave(task: TargetTask): void {
    this.#undelivered--;
    if (task.attribute === TaskAttribute.ordered) this.#ordered--;
    if (task.state === 'waiting') this.#waiting--;
  }

  /** Delivers those whose turn has come. */
  advance(): void {
    if (this.#waiting === 0) return;
    for (const task of [...this.#tasks.values()])
      if (task.state === 'waiting' && this.#mayGo(task)) this.#go(task);
  }

  #go(task: TargetTask): void {
    this.leave(task);
    task.state = 'held';
    this.#deliver(task);
  }

  #mayGo(task: TargetTask): boolean {
    if (this.fence !== undefined && ahead(task.cmdSn, this.fence) >= 0) return false;
    if (task.doomed) return false;
    if (this.#ordered === 0 || this.#undelivered === 1) return true;
    return task.attribute === TaskAttribute.headOfQueue || !this.#isHeldUp(task);
  }

  /** An older one at the same logical unit comes first: any if this one is ORDERED, else one that is. */
  #isHeldUp(task: TargetTask): boolean {
    const isOrdered = task.attribute === TaskAttribute.ordered;
    for (const other of this.#tasks.values()) {
      if (other === task) return false;
      const inOrder = isOrdered || other.attribute === TaskAttribute.ordered;
      if (inOrder && other.lun === task.lun && other.isUndelivered) return true;
    }
    return false;
  }
}
