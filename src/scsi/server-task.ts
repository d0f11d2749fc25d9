/**
 * A command while the device server or its message service holds it: the transport's command in a reusable coat, so that
 * its end is noticed without a closure or a table.
 */

import type { Command, Nexus, TaskAttribute } from './command.ts';
import { encodeSense, type Refusal } from './sense-data.ts';
import { Status } from './status.ts';

/** What happens to a task after it was ended by whoever executes it. */
export interface TaskKeeper {
  /** Called before the status goes out, for a task that was held. */
  leaves(task: ServerTask): void;
  /** Called after it: the task may be used again. */
  left(task: ServerTask): void;
}

/** resting → (dormant →) starting → (held →) ended → resting. */
type Phase = 'resting' | 'dormant' | 'starting' | 'held' | 'ended';

const defect = (): never => {
  throw new Error('a command was ended that is not outstanding');
};

/** Stands in for the command of a task at rest. */
const none: Command = {
  nexus: { initiator: -1, name: 'none' },
  tag: -1,
  lun: 0,
  attribute: 0,
  cdb: new Uint8Array(16),
  cdbLength: 0,
  dataOut: new Uint8Array(0),
  dataOutOffset: 0,
  dataOutLength: 0,
  dataInLength: 0,
  dataOutWanted: 0,
  complete: defect,
  abandon: defect,
};

export class ServerTask implements Command {
  #command: Command = none;
  #keeper: TaskKeeper | undefined;
  tag = -1;
  attribute: TaskAttribute = 0;
  phase: Phase = 'resting';
  /** It waits for something that may never come, so it holds up nobody (see TaskSet). */
  waits = false;
  /** Most bytes of data-in to send, from the CDB. */
  allocation = 0;

  begin(command: Command, keeper?: TaskKeeper): this {
    this.#command = command;
    this.#keeper = keeper;
    this.tag = command.tag;
    this.attribute = command.attribute;
    this.phase = 'starting';
    this.waits = false;
    this.allocation = 0;
    return this;
  }

  rest(): void {
    this.#command = none;
    this.#keeper = undefined;
    this.phase = 'resting';
  }

  get isEnded(): boolean {
    return this.phase === 'ended';
  }
  get nexus(): Nexus {
    return this.#command.nexus;
  }
  get lun(): number {
    return this.#command.lun;
  }
  get cdb(): Uint8Array {
    return this.#command.cdb;
  }
  get cdbLength(): number {
    return this.#command.cdbLength;
  }
  get dataOut(): Uint8Array {
    return this.#command.dataOut;
  }
  get dataOutOffset(): number {
    return this.#command.dataOutOffset;
  }
  get dataOutLength(): number {
    return this.#command.dataOutLength;
  }
  get dataInLength(): number {
    return this.#command.dataInLength;
  }
  get dataOutWanted(): number {
    return this.#command.dataOutWanted;
  }
  set dataOutWanted(bytes: number) {
    this.#command.dataOutWanted = bytes;
  }

  complete(
    status: Status,
    sense?: Uint8Array,
    dataIn?: Uint8Array,
    offset = 0,
    length = dataIn === undefined ? 0 : dataIn.length - offset,
  ): void {
    const held = this.end();
    this.#command.complete(status, sense, dataIn, offset, Math.min(length, this.allocation));
    if (held) this.#keeper?.left(this);
  }

  abandon(): void {
    const held = this.end();
    this.#command.abandon();
    if (held) this.#keeper?.left(this);
  }

  /** Ends with GOOD and this data-in, cut to the allocation length. */
  good(dataIn?: Uint8Array): void {
    this.complete(Status.good, undefined, dataIn);
  }

  /** Ends with CHECK CONDITION. `dataOutWanted`: what the CDB asked for, when that is what is refused. */
  refuse(refusal: Refusal, dataOutWanted = 0): void {
    this.dataOutWanted = dataOutWanted;
    this.complete(Status.checkCondition, encodeSense(refusal));
  }

  /** Marks the end without telling the initiator. True if the task was held, and so has to be put away by its keeper. */
  end(): boolean {
    const { phase } = this;
    if (phase === 'resting' || phase === 'ended') defect();
    this.phase = 'ended';
    if (phase === 'starting') return false;
    this.#keeper?.leaves(this);
    return true;
  }

  /** For the keeper, between end() and rest(): ends with a status, without a status, or unheard (undefined). */
  close(how: 'aborted' | 'abandoned' | 'unheard'): void {
    if (how === 'aborted') this.#command.complete(Status.taskAborted);
    else if (how === 'abandoned') this.#command.abandon();
  }
}
