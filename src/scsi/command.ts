/** What the device server sees: commands that arrive over an I_T nexus, and who answers them (SAM-5 §5). */

import type { Status } from './status.ts';

/** An I_T nexus, from the target's side: one object for as long as the nexus lives. */
export interface Nexus {
  /** SCSI ID of the initiator, or the transport's own small number for it. */
  readonly initiator: number;
  /** The initiator port's name as the transport knows it, for logs. */
  readonly name: string;
}

/** Task attributes (SAM-5 §8.9), as numbers that go on a wire. */
export const TaskAttribute = { simple: 0, ordered: 1, headOfQueue: 2, aca: 3 } as const;
export type TaskAttribute = (typeof TaskAttribute)[keyof typeof TaskAttribute];

/**
 * One command, from the target's side (SAM-5 §5.1 Execute Command). It lives until it is completed or abandoned
 * and must not be touched after that: transports use it again.
 */
export interface Command {
  readonly nexus: Nexus;
  /** Unique among the commands of its nexus that have not ended. */
  readonly tag: number;
  readonly lun: number;
  readonly attribute: TaskAttribute;
  /** The target's own copy; bytes beyond `cdbLength` are zero. At least 16 bytes long. */
  readonly cdb: Uint8Array;
  readonly cdbLength: number;
  /**
   * The data-out buffer: `dataOutLength` bytes of `dataOut` from `dataOutOffset` on. It may be the initiator's own
   * memory: read what decisions rest on once, into memory of one's own, and decide on that.
   */
  readonly dataOut: Uint8Array;
  readonly dataOutOffset: number;
  readonly dataOutLength: number;
  /** Data-out lies where only fetch() gets it: `dataOut` is empty. */
  readonly far?: boolean;
  /** The data phase: the first `length` bytes of data-out go to `into`, from `at` on. False: they can't be had. */
  fetch?(into: Uint8Array, at: number, length: number): boolean;
  /** Bytes of data-in that the initiator has room for. */
  readonly dataInLength: number;
  /**
   * How many bytes of data-out the command asks for; starts as `dataOutLength`. The device server lowers or raises
   * it to what the CDB says, so that the residual comes out right (SAM-5 §5.4.3).
   */
  dataOutWanted: number;
  /**
   * Ends the command, once. Data-in is `length` bytes of `dataIn` from `offset`; what exceeds `dataInLength` is not
   * sent and shows as overflow. On return the caller may use `dataIn` and `sense` again.
   */
  complete(status: Status, sense?: Uint8Array, dataIn?: Uint8Array, offset?: number, length?: number): void;
  /** Ends the command without a status, as task management does (SAM-5 §5.6); its initiator sees the fault 'aborted'. */
  abandon(): void;
}

/** Task management functions (SAM-5 §7.1). */
export const TaskManagement = {
  abortTask: 1,
  abortTaskSet: 2,
  clearAca: 3,
  clearTaskSet: 4,
  logicalUnitReset: 5,
  targetReset: 6,
  queryTask: 7,
} as const;
export type TaskManagement = (typeof TaskManagement)[keyof typeof TaskManagement];

/** Service responses of task management (SAM-5 §7.1). */
export const TaskManagementResponse = {
  complete: 0,
  succeeded: 1,
  rejected: 2,
  incorrectLun: 3,
} as const;
export type TaskManagementResponse = (typeof TaskManagementResponse)[keyof typeof TaskManagementResponse];

/** Answers the commands that arrive at a target port: a device server with its logical units. */
export interface Target {
  /** A command arrives. It is ended now or later, by `complete` or `abandon`; anything thrown is a defect. */
  command(command: Command): void;
  /**
   * A brief command, for transports that can do without an object for it: LUN 0, simple, no data-in. `cdb` is the first
   * word of its CDB in the machine's order; the data-out is `length` bytes from word `at` of `words` on, and `bytes` is the
   * same memory: the initiator could still change it. True: it has ended with GOOD. False: nothing was done yet, command() is to take it.
   */
  brief?(
    initiator: number,
    cdb: number,
    words: Int32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): boolean;
  /** A task management function arrives; `tag` names the task for abortTask and queryTask. */
  manage(nexus: Nexus, what: TaskManagement, lun: number, tag: number): TaskManagementResponse;
  /** A nexus begins: the initiator's first contact since it, or we, started. */
  nexusEstablished(nexus: Nexus): void;
  /** A nexus is gone: its commands are dead (the transport ignores their completion) and nothing may be kept for it. */
  nexusLost(nexus: Nexus): void;
}
