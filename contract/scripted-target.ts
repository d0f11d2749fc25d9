/** A target that notes what it is told and answers as the test says. */

import {
  type Command,
  type Nexus,
  type Target,
  TaskManagement,
  TaskManagementResponse,
} from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';

/** A command as it arrived: a snapshot. */
export interface Seen {
  readonly nexus: Nexus;
  readonly tag: number;
  readonly lun: number;
  readonly attribute: number;
  readonly cdb: Uint8Array;
  readonly cdbLength: number;
  readonly dataOut: Uint8Array;
  readonly dataInLength: number;
  /** What `dataOutWanted` was on arrival. */
  readonly dataOutWanted: number;
}

/** A task management function as it arrived. */
export interface Managed {
  readonly nexus: Nexus;
  readonly what: TaskManagement;
  readonly lun: number;
  readonly tag: number;
}

export class ScriptedTarget implements Target {
  /** Does something with each command; answers GOOD unless replaced. */
  answer: (command: Command) => void = (command) => command.complete(Status.good);
  /** Commands kept by `hold`. */
  readonly held: Command[] = [];
  readonly seen: Seen[] = [];
  readonly managed: Managed[] = [];
  /** The response to task management. */
  response: TaskManagementResponse = TaskManagementResponse.complete;
  readonly established: Nexus[] = [];
  readonly lost: Nexus[] = [];
  /** False: counts commands without keeping snapshots. */
  recording = true;
  /** Commands that arrived. */
  commands = 0;

  /** As `answer`: keeps commands, unanswered, in `held`. */
  readonly hold = (command: Command): void => {
    this.held.push(command);
  };

  command(command: Command): void {
    this.commands++;
    if (this.recording) this.seen.push(snapshot(command));
    this.answer(command);
  }

  /** Ends held commands as SAM-5 §7 says: one by its tag, all of the logical unit, or all there are. */
  manage(nexus: Nexus, what: TaskManagement, lun: number, tag: number): TaskManagementResponse {
    this.managed.push({ nexus, what, lun, tag });
    if (what === TaskManagement.queryTask) return this.response;
    for (const command of [...this.held]) {
      const one = command.nexus === nexus && command.tag === tag;
      const meant = what === TaskManagement.targetReset || command.lun === lun;
      if (what === TaskManagement.abortTask ? one : meant) this.take(command).abandon();
    }
    return this.response;
  }

  nexusEstablished(nexus: Nexus): void {
    this.established.push(nexus);
  }

  nexusLost(nexus: Nexus): void {
    this.lost.push(nexus);
  }

  /** Takes a command (the oldest) out of `held`. */
  take(command = this.held[0]): Command {
    if (!command) throw new Error('no command is held');
    this.held.splice(this.held.indexOf(command), 1);
    return command;
  }
}

function snapshot(command: Command): Seen {
  const { dataOutOffset: from, dataOutLength } = command;
  return {
    nexus: command.nexus,
    tag: command.tag,
    lun: command.lun,
    attribute: command.attribute,
    cdb: command.cdb.slice(),
    cdbLength: command.cdbLength,
    dataOut: command.dataOut.slice(from, from + dataOutLength),
    dataInLength: command.dataInLength,
    dataOutWanted: command.dataOutWanted,
  };
}
