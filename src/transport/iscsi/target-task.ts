/** A command at the target: gathers its data-out, is handed to the device server, and knows how to answer. Used again. */

import type { Command, Nexus, TaskAttribute } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';

const nothing: Uint8Array = new Uint8Array(0);
/** Longest CDB that is passed on (16 bytes and an extended CDB of 16 more). */
const maxCdb = 32;

/** A transfer that we asked for and that is not complete (RFC 7143 §11.8). */
export interface Solicited {
  readonly tag: number;
  readonly r2tSn: number;
  readonly offset: number;
  readonly length: number;
  got: number;
  /** The DataSN that comes next. */
  dataSn: number;
  /** Part of it was lost: the rest is asked for anew (RFC 7143 §7.9). */
  gap: boolean;
  /** The R2T was sent a second time. */
  repeated: boolean;
}

/** Who answers: the session. */
export interface Answerer {
  answer(
    task: TargetTask,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    offered: number,
  ): void;
  abandoned(task: TargetTask): void;
}

/** free → gathering (data-out is on its way) (→ waiting, for older commands) → held (the device server has it) → free. */
export type TargetTaskState = 'free' | 'gathering' | 'waiting' | 'held';

export class TargetTask implements Command {
  readonly nexus: Nexus;
  tag = 0;
  cmdSn = 0;
  lun = 0;
  attribute: TaskAttribute = 0;
  readonly cdb: Uint8Array = new Uint8Array(maxCdb);
  cdbLength = 0;
  dataOut: Uint8Array = nothing;
  readonly dataOutOffset = 0;
  dataOutLength = 0;
  dataInLength = 0;
  dataOutWanted = 0;

  state: TargetTaskState = 'free';
  /** Sent with the immediate bit: no place in the command window. */
  immediate = false;
  read = false;
  write = false;
  /** Bytes of memory set aside for it. */
  reserved = 0;
  /** The data-out lies where it was received. */
  borrowed = false;
  /** Bytes of data-out that came. */
  got = 0;
  /** Bytes of data-out asked for or announced. */
  asked = 0;
  /** Unsolicited data-out still comes; its next DataSN. */
  unsolicited = false;
  dataSn = 0;
  r2tSn = 0;
  readonly solicited: Solicited[] = [];
  /** When data-out was last asked for or came, and how often some had to be asked for again; above level 0. */
  heard = 0;
  recoveries = 0;
  /** The tag of the last R-Data SNACK for it (RFC 7143 §11.16.3). */
  snackTag = 0;
  /** A task management function waits for its data-out to stop, and will end it. */
  doomed = false;
  /** Sense data, if the data-out broke a rule: the command is not executed. */
  broken: Uint8Array | undefined;
  readonly #owner: Answerer;

  constructor(owner: Answerer, nexus: Nexus) {
    this.#owner = owner;
    this.nexus = nexus;
  }

  /** Data-out that was announced or asked for has not come yet. */
  get expectsData(): boolean {
    return this.unsolicited || this.solicited.length > 0;
  }

  /** The device server does not know it yet. */
  get isUndelivered(): boolean {
    return this.state === 'gathering' || this.state === 'waiting';
  }

  /** Ready to take in a new command. */
  begin(tag: number, cmdSn: number, lun: number): void {
    this.tag = tag;
    this.cmdSn = cmdSn;
    this.lun = lun;
    this.state = 'gathering';
    this.dataOut = nothing;
    this.borrowed = false;
    this.dataOutLength = 0;
    this.dataInLength = 0;
    this.got = 0;
    this.reserved = 0;
    this.asked = 0;
    this.unsolicited = false;
    this.dataSn = 0;
    this.r2tSn = 0;
    this.solicited.length = 0;
    this.recoveries = 0;
    this.snackTag = 0;
    this.doomed = false;
    this.broken = undefined;
  }

  /** Puts data-out in its place. All of it at once is not copied. */
  take(data: Uint8Array, offset: number): void {
    if (data.length === this.dataOutLength) {
      this.dataOut = data;
      this.borrowed = true;
    } else {
      if (this.dataOut.length === 0) this.dataOut = new Uint8Array(this.dataOutLength);
      this.dataOut.set(data, offset);
    }
    this.got += data.length;
  }

  rest(): void {
    this.state = 'free';
    this.dataOut = nothing;
    this.borrowed = false;
    this.solicited.length = 0;
  }

  complete(status: Status, sense = nothing, dataIn = nothing, offset = 0, length?: number): void {
    if (this.state !== 'held') return;
    this.#owner.answer(this, status, sense, dataIn, offset, length ?? dataIn.length - offset);
  }

  abandon(): void {
    if (this.state === 'held') this.#owner.abandoned(this);
  }
}
