/** What is kept for one initiator at one logical unit (SAM-5: I_T_L nexus), for as long as the I_T nexus lives. */

import type { Nexus } from './command.ts';
import type { LogicalUnit } from './logical-unit.ts';
import type { AdditionalSense } from './sense.ts';
import type { ServerTask } from './server-task.ts';
import { TaskSet } from './task-set.ts';
import { UnitAttentions } from './unit-attention.ts';

/** What the device server lends. */
export interface ItlParts {
  /** All LUNs of the device server, in order. */
  readonly luns: readonly number[];
  /** The number of the port that the command came in by (SPC-4, relative target port identifier). */
  readonly relativePort: number;
  readonly execute: (task: ServerTask, itl: ItlNexus) => void;
  readonly take: () => ServerTask;
  readonly put: (task: ServerTask) => void;
  /** Raises a unit attention at a logical unit for the nexuses chosen. */
  readonly tell: (lun: number, code: AdditionalSense, whom: (nexus: Nexus) => boolean) => void;
}

export class ItlNexus {
  readonly nexus: Nexus;
  readonly lun: number;
  readonly unit: LogicalUnit;
  readonly luns: readonly number[];
  readonly relativePort: number;
  readonly attentions = new UnitAttentions();
  readonly tasks: TaskSet;
  /** What WRITE BUFFER put into the echo buffer; undefined before the first time. */
  echo: Uint8Array | undefined;
  /** Data buffer 0; undefined before it is first written. */
  buffer: Uint8Array | undefined;

  readonly #tell: ItlParts['tell'];

  constructor(nexus: Nexus, lun: number, unit: LogicalUnit, parts: ItlParts) {
    this.nexus = nexus;
    this.lun = lun;
    this.unit = unit;
    this.luns = parts.luns;
    this.relativePort = parts.relativePort;
    this.#tell = parts.tell;
    this.tasks = new TaskSet({
      occupancy: unit,
      service: unit.service,
      execute: (task) => parts.execute(task, this),
      take: parts.take,
      put: parts.put,
    });
  }

  /** Raises a unit attention for the nexuses chosen, of all at this logical unit. */
  tell(code: AdditionalSense, whom: (nexus: Nexus) => boolean): void {
    this.#tell(this.lun, code, whom);
  }

  /** What a reset does, its commands having been ended: nothing is left but the news of it. */
  reset(news: AdditionalSense): void {
    this.echo = undefined;
    this.buffer = undefined;
    this.attentions.raise(news);
  }
}
