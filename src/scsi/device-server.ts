/**
 * The device server: answers every command that arrives at a target port, and every task management function.
 * Not here: what messages mean (MessageService), mode pages, reservations, auto contingent allegiance, AEN.
 */

import {
  type Command,
  type Nexus,
  type Target,
  TaskAttribute,
  TaskManagement,
  TaskManagementResponse,
} from './command.ts';
import { execute } from './execute.ts';
import { ItlNexus, type ItlParts } from './itl-nexus.ts';
import type { LogicalUnit } from './logical-unit.ts';
import { executeNoUnit } from './no-unit.ts';
import { Opcode } from './opcodes.ts';
import { badAttribute, overlapped, unitAttention } from './refusals.ts';
import { AdditionalSense } from './sense.ts';
import { encodeSense, type Refusal } from './sense-data.ts';
import { ServerTask } from './server-task.ts';
import { Status } from './status.ts';
import type { Ending } from './task-set.ts';

export interface DeviceServerOptions {
  /** A new nexus meets UNIT ATTENTION, POWER ON OCCURRED, at each logical unit. True unless told. */
  readonly powerOnUnitAttention?: boolean;
  /** The port's number for VPD page 83h; 1 unless told. */
  readonly relativePort?: number;
}

/** These answer at once, whatever their attribute and however full the unit, and leave unit attentions pending (SAM-5 §5.14). */
const answersAlways = (opcode: number | undefined) =>
  opcode === Opcode.inquiry || opcode === Opcode.reportLuns || opcode === Opcode.requestSense;

function refuse(command: Command, refusal: Refusal): void {
  command.dataOutWanted = 0;
  command.complete(Status.checkCondition, encodeSense(refusal));
}

export class DeviceServer implements Target {
  readonly #units: ReadonlyMap<number, LogicalUnit>;
  readonly #powerOn: boolean;
  readonly #parts: ItlParts;
  readonly #nexuses = new Map<Nexus, ReadonlyMap<number, ItlNexus>>();
  readonly #free: ServerTask[] = [];
  /** Where the previous command went: most often the next one goes there too. */
  #latest: ItlNexus | undefined;

  /** @throws RangeError for a LUN outside 0 to 16383. */
  constructor(units: ReadonlyMap<number, LogicalUnit>, options: DeviceServerOptions = {}) {
    for (const lun of units.keys())
      if (!(Number.isInteger(lun) && lun >= 0 && lun < 0x4000))
        throw new RangeError(`a LUN is 0 to 16383, not ${lun}`);
    this.#units = new Map(units);
    this.#powerOn = options.powerOnUnitAttention ?? true;
    this.#parts = {
      luns: [...units.keys()].sort((a, b) => a - b),
      relativePort: options.relativePort ?? 1,
      execute,
      take: () => this.#free.pop() ?? new ServerTask(),
      put: (task) => {
        task.rest();
        this.#free.push(task);
      },
      tell: (lun, code, whom) => {
        for (const itl of this.#atUnit(lun)) if (whom(itl.nexus)) itl.attentions.raise(code);
      },
    };
  }

  command(command: Command): void {
    const itl = this.#find(command.nexus, command.lun);
    if (!itl) {
      this.#atNoUnit(command);
      return;
    }
    const { tasks } = itl;
    if (tasks.size !== 0 && tasks.has(command.tag)) {
      tasks.endAll('abandoned');
      refuse(command, overlapped);
    } else if (command.attribute > TaskAttribute.headOfQueue) {
      refuse(command, badAttribute);
    } else if (answersAlways(command.cdb[0])) {
      this.#atOnce(command, itl);
    } else if (itl.attentions.pending) {
      this.#reportAttention(command, itl);
    } else if (itl.unit.held >= itl.unit.maxTasks) {
      command.dataOutWanted = 0;
      command.complete(tasks.size === 0 ? Status.busy : Status.taskSetFull);
    } else {
      tasks.add(command);
    }
  }

  manage(nexus: Nexus, what: TaskManagement, lun: number, tag: number): TaskManagementResponse {
    if (what === TaskManagement.targetReset) {
      for (const one of this.#units.keys()) this.#resetUnit(one, nexus);
      return TaskManagementResponse.complete;
    }
    const itl = this.#find(nexus, lun);
    if (!itl) return TaskManagementResponse.incorrectLun;
    switch (what) {
      case TaskManagement.abortTask:
        itl.tasks.endOne(tag, 'abandoned');
        return TaskManagementResponse.complete;
      case TaskManagement.abortTaskSet:
        itl.tasks.endAll('abandoned');
        return TaskManagementResponse.complete;
      case TaskManagement.clearTaskSet:
        this.#clearTaskSet(lun, nexus);
        return TaskManagementResponse.complete;
      case TaskManagement.logicalUnitReset:
        this.#resetUnit(lun, nexus);
        return TaskManagementResponse.complete;
      case TaskManagement.queryTask:
        return itl.tasks.has(tag) ? TaskManagementResponse.succeeded : TaskManagementResponse.complete;
      default: // CLEAR ACA: there is no ACA to clear; and functions we do not know.
        return TaskManagementResponse.rejected;
    }
  }

  nexusEstablished(nexus: Nexus): void {
    this.nexusLost(nexus);
    const itls = new Map<number, ItlNexus>();
    for (const [lun, unit] of this.#units) {
      const itl = new ItlNexus(nexus, lun, unit, this.#parts);
      if (this.#powerOn) itl.attentions.raise(AdditionalSense.powerOnOccurred);
      itls.set(lun, itl);
    }
    this.#nexuses.set(nexus, itls);
  }

  nexusLost(nexus: Nexus): void {
    for (const itl of this.#nexuses.get(nexus)?.values() ?? []) {
      itl.tasks.endAll('unheard');
      itl.unit.model?.nexusLost(nexus);
    }
    this.#nexuses.delete(nexus);
    if (this.#latest?.nexus === nexus) this.#latest = undefined;
  }

  /** The bus was reset: every command is gone, and every initiator learns of it by a unit attention. */
  busReset(): void {
    for (const itls of this.#nexuses.values()) {
      for (const itl of itls.values()) {
        itl.tasks.endAll('abandoned');
        itl.reset(AdditionalSense.scsiBusResetOccurred);
      }
    }
  }

  #find(nexus: Nexus, lun: number): ItlNexus | undefined {
    const latest = this.#latest;
    if (latest && latest.nexus === nexus && latest.lun === lun) return latest;
    if (!this.#nexuses.has(nexus)) this.nexusEstablished(nexus);
    const itl = this.#nexuses.get(nexus)?.get(lun);
    if (itl) this.#latest = itl;
    return itl;
  }

  /** Past the task set: these end before they could be waited for. */
  #atOnce(command: Command, itl: ItlNexus): void {
    execute(new ServerTask().begin(command), itl);
  }

  #atNoUnit(command: Command): void {
    executeNoUnit(new ServerTask().begin(command), this.#parts.luns);
  }

  #reportAttention(command: Command, itl: ItlNexus): void {
    const code = itl.attentions.take();
    if (code !== undefined) refuse(command, unitAttention(code));
  }

  /** Every initiator's state at one logical unit. */
  #atUnit(lun: number): ItlNexus[] {
    return [...this.#nexuses.values()].flatMap((itls) => itls.get(lun) ?? []);
  }

  /** Others' commands end with TASK ABORTED status, as with TAS = 1 (SPC-4, Control mode page); one's own without. */
  #endAll(itl: ItlNexus, by: Nexus): number {
    const how: Ending = itl.nexus === by ? 'abandoned' : 'aborted';
    return itl.tasks.endAll(how);
  }

  #clearTaskSet(lun: number, by: Nexus): void {
    for (const itl of this.#atUnit(lun)) {
      const ended = this.#endAll(itl, by);
      if (ended !== 0 && itl.nexus !== by)
        itl.attentions.raise(AdditionalSense.commandsClearedByAnotherInitiator);
    }
  }

  #resetUnit(lun: number, by: Nexus): void {
    this.#units.get(lun)?.model?.reset();
    for (const itl of this.#atUnit(lun)) {
      this.#endAll(itl, by);
      itl.reset(AdditionalSense.busDeviceResetFunctionOccurred);
    }
  }
}
