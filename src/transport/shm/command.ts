/** A command that came through shared memory: one object, used again and again by the nexus that it came over. */

import { type Command, type Nexus, TaskAttribute } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';
import { maxCdbLength } from '../task.ts';
import type { Served } from './served.ts';

const none = new Uint8Array(0);

export class ShmCommand implements Command {
  readonly nexus: Nexus;
  readonly cdb = new Uint8Array(maxCdbLength);
  readonly dataOut: Uint8Array;
  tag = 0;
  lun = 0;
  attribute: TaskAttribute = TaskAttribute.simple;
  cdbLength = 0;
  dataOutOffset = 0;
  dataOutLength = 0;
  dataInLength = 0;
  dataOutWanted = 0;
  notify = false;
  live = false;
  readonly #served: Served;

  constructor(served: Served, dataOut: Uint8Array) {
    this.nexus = served;
    this.#served = served;
    this.dataOut = dataOut;
  }

  complete(status: Status, sense = none, dataIn = none, offset = 0, length = dataIn.length - offset): void {
    this.#served.answer(this, status, sense, dataIn, offset, length);
  }

  abandon(): void {
    this.#served.abandon(this, 0);
  }
}
