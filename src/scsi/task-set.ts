/**
 * The commands of one initiator at one logical unit: when each may start (SAM-5 §8), and how they are ended from outside.
 * Order is kept among the commands of one I_T_L nexus only, so that no host can stall another (design D7).
 */

import { type Command, TaskAttribute } from './command.ts';
import type { MessageService } from './message-service.ts';
import type { ServerTask, TaskKeeper } from './server-task.ts';

/** Counts the commands held for a logical unit, whoever sent them. */
interface Occupancy {
  held: number;
}

/** How a command ends that is ended from outside: TASK ABORTED status, no status, or its initiator is gone. */
export type Ending = Parameters<ServerTask['close']>[0];

/** What a task set needs of its surroundings. */
export interface TaskSetParts {
  readonly occupancy: Occupancy;
  readonly service: MessageService;
  /** Starts a task; it may be ended on return. */
  readonly execute: (task: ServerTask) => void;
  readonly take: () => ServerTask;
  readonly put: (task: ServerTask) => void;
}

export class TaskSet implements TaskKeeper {
  readonly #parts: TaskSetParts;
  /** Tasks that did not end at once, by tag, oldest first. */
  readonly #held = new Map<number, ServerTask>();
  /** Those that have to wait for others, oldest first. */
  readonly #dormant: ServerTask[] = [];
  /** Tasks started that others may have to wait for, and how many of them let no younger one pass. */
  #running = 0;
  #barriers = 0;
  #advancing = false;

  constructor(parts: TaskSetParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#held.size;
  }

  has(tag: number): boolean {
    return this.#held.has(tag);
  }

  /** Takes a command in: starts it, or keeps it until those that it has to wait for have ended. */
  add(command: Command): void {
    const task = this.#parts.take().begin(command, this);
    if (this.#mayStart(task.attribute)) {
      this.#start(task);
    } else {
      task.phase = 'dormant';
      this.#hold(task);
      this.#dormant.push(task);
    }
  }

  /** Ends one task from outside. False: there is none with this tag. */
  endOne(tag: number, how: Ending): boolean {
    const task = this.#held.get(tag);
    if (!task) return false;
    this.#endFromOutside(task, how);
    this.#advance();
    return true;
  }

  /** Ends all tasks from outside; returns how many. None of the dormant ones starts. */
  endAll(how: Ending): number {
    const tasks = [...this.#held.values()];
    this.#dormant.length = 0;
    for (const task of tasks) if (this.#held.get(task.tag) === task) this.#endFromOutside(task, how);
    return tasks.length;
  }

  leaves(task: ServerTask): void {
    this.#held.delete(task.tag);
    this.#parts.occupancy.held--;
    if (!task.waits) this.#stopped(task);
  }

  left(task: ServerTask): void {
    this.#parts.put(task);
    this.#advance();
  }

  #mayStart(attribute: TaskAttribute): boolean {
    if (attribute === TaskAttribute.headOfQueue) return true;
    if (this.#dormant.length !== 0) return false;
    return attribute === TaskAttribute.simple ? this.#barriers === 0 : this.#running === 0;
  }

  #start(task: ServerTask): void {
    task.phase = 'starting';
    this.#running++;
    if (task.attribute !== TaskAttribute.simple) this.#barriers++;
    this.#parts.execute(task);
    if (task.isEnded) {
      this.#stopped(task);
      this.#parts.put(task);
      if (this.#dormant.length !== 0) this.#advance();
      return;
    }
    task.phase = 'held';
    this.#hold(task);
    if (task.waits) {
      this.#stopped(task);
      this.#advance();
    }
  }

  /** It no longer holds up others. */
  #stopped(task: ServerTask): void {
    this.#running--;
    if (task.attribute !== TaskAttribute.simple) this.#barriers--;
  }

  #hold(task: ServerTask): void {
    this.#held.set(task.tag, task);
    this.#parts.occupancy.held++;
  }

  #unhold(task: ServerTask): void {
    this.#held.delete(task.tag);
    this.#parts.occupancy.held--;
  }

  /** Starts the dormant tasks whose turn it is; not from within itself, so the stack stays shallow. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        this.#unhold(next);
        this.#start(next);
      }
    } finally {
      this.#advancing = false;
    }
  }

  #next(): ServerTask | undefined {
    const [first] = this.#dormant;
    if (!first) return undefined;
    const free = first.attribute === TaskAttribute.simple ? this.#barriers === 0 : this.#running === 0;
    return free ? this.#dormant.shift() : undefined;
  }

  #endFromOutside(task: ServerTask, how: Ending): void {
    const dormant = task.phase === 'dormant';
    task.phase = 'ended';
    this.#unhold(task);
    if (dormant) {
      const place = this.#dormant.indexOf(task);
      if (place >= 0) this.#dormant.splice(place, 1);
    } else {
      if (!task.waits) this.#stopped(task);
      this.#parts.service.cancelled(task);
    }
    task.close(how);
    this.#parts.put(task);
  }
}
