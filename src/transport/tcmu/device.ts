/**
 * One user-backed device: a ring, and the one I_T nexus that all its commands belong to, since the kernel does not tell
 * who sent them. The port gives every initiator that it expects a device of its own.
 */

import {
  type Nexus,
  type Target,
  TaskManagement,
  type TaskManagement as TaskManagementFunction,
} from '../../scsi/command.ts';
import { AdditionalSense, SenseKey } from '../../scsi/sense.ts';
import { encodeSense } from '../../scsi/sense-data.ts';
import { Status } from '../../scsi/status.ts';
import { type Answerer, TcmuCommand, type Vectors } from './command.ts';
import { CommandRing, type SharedMemory } from './ring.ts';

const nothing: Uint8Array = new Uint8Array(0);
/** Commands taken from one initiator before others have their turn. */
const turn = 64;
/** The kernel takes "no data-in" for "all of it": so many zeros stand for none. A record of zeros says so too. */
const emptyLength = 64;

/** What the kernel calls task management functions (enum tcm_tmreq_table). */
const functions: Readonly<Record<number, TaskManagementFunction>> = {
  1: TaskManagement.abortTask,
  2: TaskManagement.abortTaskSet,
  3: TaskManagement.clearAca,
  4: TaskManagement.clearTaskSet,
  5: TaskManagement.logicalUnitReset,
  6: TaskManagement.targetReset,
  7: TaskManagement.targetReset,
  128: TaskManagement.logicalUnitReset,
};

const noUnit = encodeSense({ key: SenseKey.illegalRequest, code: AdditionalSense.logicalUnitNotSupported });

/** Whom a device is for. */
export interface DeviceIdentity {
  /** The SCSI ID of the initiator that it was made for. */
  readonly initiator: number;
  /** That initiator's name, for logs. */
  readonly name: string;
  /** The logical unit of our target that it shows. */
  readonly lun: number;
}

/** How the kernel and we wake each other: a UioDevice. */
export interface Doorbell {
  /** Readable once the kernel has rung since the last clear(). */
  readonly fd: number;
  /** False: the device has been removed. */
  clear(): boolean;
  /** Makes the kernel collect answers; false: the device has been removed. */
  ring(): boolean;
}

/** What a device counts. */
export interface DeviceCounters {
  commands: number;
  taskManagement: number;
  /** Entries that pointed outside of the data area, or had no CDB: answered with CHECK CONDITION. */
  malformed: number;
  /** Given back with TASK ABORTED before the kernel's own time limit ended them. */
  outOfTime: number;
  /** The ring made no sense, and was begun anew. */
  resets: number;
}

export class TcmuDevice implements Nexus, Answerer {
  readonly initiator: number;
  readonly name: string;
  readonly counters: DeviceCounters = {
    commands: 0,
    taskManagement: 0,
    malformed: 0,
    outOfTime: 0,
    resets: 0,
  };
  target: Target | undefined;
  readonly bell: Doorbell;
  readonly ring: CommandRing;
  readonly #lun: number;
  readonly #memory: SharedMemory;
  readonly #idle: TcmuCommand[] = [];
  /** By the kernel's numbers, which it uses again, the lowest first. */
  readonly #live: (TcmuCommand | undefined)[] = [];
  /** Commands that have not ended. */
  held = 0;
  #established = false;
  #serving = false;
  closed = false;
  /** No command came before that. */
  #oldest = Number.POSITIVE_INFINITY;

  /** @throws RingError */
  constructor({ initiator, name, lun }: DeviceIdentity, memory: SharedMemory, bell: Doorbell) {
    this.initiator = initiator;
    this.name = name;
    this.#lun = lun;
    this.bell = bell;
    this.#memory = memory;
    this.ring = new CommandRing(memory);
  }

  /** No command that has not ended came before this moment. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Takes what came and hands it to the target; returns how much. */
  serve(now: number): number {
    if (!this.ring.pending) return 0;
    this.#serving = true;
    let served = 0;
    while (served < turn && !this.closed && this.#takeOne(now)) served++;
    this.#serving = false;
    this.publish();
    return served;
  }

  #takeOne(now: number): boolean {
    const command = this.#idle.pop() ?? new TcmuCommand(this, this.#lun);
    const found = this.ring.take(command);
    if (found === 'command') {
      this.#hand(command, now);
      return true;
    }
    command.live = false;
    this.#idle.push(command);
    if (found === 'nothing') return false;
    if (found === 'management') this.#manage();
    else {
      this.counters.malformed++;
      this.ring.answer(command.tag, Status.checkCondition, noUnit, 0);
    }
    return true;
  }

  #establish(): void {
    if (this.#established) return;
    this.#established = true;
    this.target?.nexusEstablished(this);
  }

  #hand(command: TcmuCommand, now: number): void {
    this.counters.commands++;
    command.since = now;
    if (this.held === 0 || now < this.#oldest) this.#oldest = now;
    this.held++;
    this.#live[command.tag] = command;
    if (!this.target) {
      command.complete(Status.checkCondition, noUnit);
      return;
    }
    this.#establish();
    this.target.command(command);
  }

  /** The kernel waits until the commands that it names have been answered. */
  #manage(): void {
    this.counters.taskManagement++;
    const { managementType, managedCommands } = this.ring;
    const what = functions[managementType];
    if (!this.target || what === undefined) return;
    this.#establish();
    if (what !== TaskManagement.abortTask) this.target.manage(this, what, this.#lun, -1);
    for (const tag of managedCommands) {
      if (this.#live[tag]) this.target.manage(this, TaskManagement.abortTask, this.#lun, tag);
    }
  }

  answer(
    command: TcmuCommand,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (this.closed) return;
    const { room } = command;
    const { bytes } = this.#memory;
    const given = Math.min(length, room.total);
    let readLength = given;
    if (given > 0) {
      const from = given === dataIn.length ? dataIn : dataIn.subarray(offset, offset + given);
      if (room.count === 1) bytes.set(from, room.bases[0] as number);
      else room.scatter(bytes, from);
    } else if (status !== Status.checkCondition) readLength = this.#giveNothing(room);
    this.#end(command, status, sense, readLength);
  }

  /** Says "no data-in" as well as it can be said; returns how many bytes that takes. */
  #giveNothing(room: Vectors): number {
    const length = Math.min(emptyLength, room.total);
    room.clearFirst(this.#memory.bytes, length);
    return length;
  }

  /**
   * The initiator asked for its end and does not look at the status; the kernel wants one all the same. (After a reset,
   * tcm_loop shows its initiator GOOD and whatever data there is.)
   */
  abandoned(command: TcmuCommand): void {
    if (!this.closed) this.#end(command, Status.taskAborted, nothing, this.#giveNothing(command.room));
  }

  #end(command: TcmuCommand, status: Status, sense: Uint8Array, readLength: number): void {
    command.live = false;
    this.#live[command.tag] = undefined;
    this.held--;
    if (this.held === 0) this.#oldest = Number.POSITIVE_INFINITY;
    this.ring.answer(command.tag, status, sense, readLength);
    this.#idle.push(command);
    if (!this.#serving) this.publish();
  }

  /** Lets the kernel know of answers. */
  publish(): void {
    if (!this.closed && this.ring.publish()) this.bell.ring();
  }

  /**
   * Gives back what came before `limit` and is still held: the kernel's own time limit would end it without telling us. Its
   * initiator sees TASK ABORTED and may send it again.
   */
  expire(limit: number): number {
    if (this.held === 0 || this.#oldest > limit) return 0;
    let count = 0;
    this.#serving = true;
    for (const command of [...this.#live]) {
      if (!command?.live || command.since > limit) continue;
      this.counters.outOfTime++;
      count++;
      this.target?.manage(this, TaskManagement.abortTask, this.#lun, command.tag);
    }
    this.#serving = false;
    this.#findOldest(limit);
    this.publish();
    return count;
  }

  /** What its target would not give back is not asked for again. */
  #findOldest(limit: number): void {
    this.#oldest = Number.POSITIVE_INFINITY;
    for (const command of this.#live)
      if (command?.live && command.since > limit && command.since < this.#oldest)
        this.#oldest = command.since;
  }

  /** The ring was begun anew by the kernel, which has answered all that was outstanding. */
  reset(): void {
    this.counters.resets++;
    this.#forget();
    this.ring.reset();
  }

  /** All that is held is dead. */
  #forget(): void {
    for (const command of this.#live) if (command) command.live = false;
    this.#live.length = 0;
    this.held = 0;
    this.#oldest = Number.POSITIVE_INFINITY;
    if (this.#established) this.target?.nexusLost(this);
    this.#established = false;
  }

  /** The nexus is lost; answers that still come are ignored, the kernel gives its own (reset_ring). */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#forget();
  }
}
