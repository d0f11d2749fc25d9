/** Places for the commands of an initiator's session: used again, and found by their tags. */

import type { Task } from '../task.ts';
import type { Progress } from './initiator-progress.ts';

/** Tags are a slot's place in these bits, and how often it was used in the others. */
const indexBits = 12;
export const maxSlots = 1 << indexBits;

export interface Slot {
  readonly index: number;
  tag: number;
  task: Task | undefined;
  sent: boolean;
  cmdSn: number;
  /** Bytes of data-in that came, and the DataSN or R2TSN that comes next: one sequence. */
  got: number;
  dataSn: number;
  /** Bytes of data-out that were sent. */
  sentBytes: number;
  /** The outbox' batch that the last of them went into; 0: none. */
  batch: number;
  /** Above error recovery level 0. */
  readonly progress: Progress | undefined;
}

export class Slots {
  readonly all: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #newProgress: () => Progress | undefined;

  constructor(newProgress: () => Progress | undefined) {
    this.#newProgress = newProgress;
  }

  /** A slot for this task, with a tag of its own. */
  take(task: Task): Slot {
    const slot = this.#free.pop() ?? this.#newSlot();
    slot.tag = (slot.tag + maxSlots) >>> 0;
    if (slot.tag >>> 31) slot.tag = slot.index; // the upper half is for other requests
    slot.task = task;
    slot.sent = false;
    slot.got = 0;
    slot.dataSn = 0;
    slot.sentBytes = 0;
    slot.batch = 0;
    slot.progress?.reset();
    task.slot = slot.tag;
    return slot;
  }

  #newSlot(): Slot {
    const index = this.all.length;
    const progress = this.#newProgress();
    const numbers = { cmdSn: 0, got: 0, dataSn: 0, sentBytes: 0, batch: 0 };
    const slot = { index, tag: index, task: undefined, sent: false, ...numbers, progress };
    this.all.push(slot);
    return slot;
  }

  /** The slot in use that has this tag. */
  at(tag: number): Slot | undefined {
    if (tag < 0) return undefined;
    const slot = this.all[tag & (maxSlots - 1)];
    return slot?.task && slot.tag === tag ? slot : undefined;
  }

  of(task: Task): Slot | undefined {
    const slot = this.at(task.slot);
    return slot?.task === task ? slot : undefined;
  }

  /** Empties a slot; gives what was in it. */
  release(slot: Slot): Task | undefined {
    const { task } = slot;
    if (!task) return undefined;
    slot.task = undefined;
    this.#free.push(slot);
    return task;
  }
}

/** The data-out that a task lends us. */
export const dataOutOf = ({ dataOut, dataOutOffset, dataOutLength }: Task): Uint8Array =>
  dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength);
