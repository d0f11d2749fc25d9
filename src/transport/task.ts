/** One SCSI command, from the initiator's side: a reusable object, so that a steady stream of them allocates nothing. */

import { TaskAttribute } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';

/** Why no answer came (design D4): anything the target itself says is an Outcome instead. */
export type TransportFault =
  /** No target with that ID is there to be selected. */
  | 'selection-timeout'
  /** The target went away while the task was with it. */
  | 'nexus-lost'
  /** Task management ended the task. */
  | 'aborted'
  /** The port was closed. */
  | 'closed'
  /** More data or CDB bytes than the nexus's limits allow; nothing was sent. */
  | 'too-large'
  /** The target's answer breaks the transport's own rules. */
  | 'protocol';

/** Longest CDB a task holds, in bytes. */
export const maxCdbLength = 32;
/** Longest sense data a task holds, in bytes (SPC-4 §4.5.1). */
export const maxSenseLength = 252;

const nothing = new Uint8Array(0);

/** The task: fill in the upper part, submit, and read the lower part when `done` is called. */
export class Task {
  lun = 0;
  attribute: TaskAttribute = TaskAttribute.simple;
  readonly cdb: Uint8Array = new Uint8Array(maxCdbLength);
  /** The CDB as words, for transports that copy it. */
  readonly cdbWords: Int32Array = new Int32Array(this.cdb.buffer);
  cdbLength = 0;
  /** Data-out is `dataOutLength` bytes of `dataOut` from `dataOutOffset`; it must not change until the task ends. */
  dataOut: Uint8Array = nothing;
  dataOutOffset = 0;
  dataOutLength = 0;
  /** Data-out is to be fetched where it lies, outside the memory that we share: where the nexus can (`FarData`). */
  far = false;
  /** Data-in goes to at most `dataInLength` bytes of `dataIn` from `dataInOffset`. */
  dataIn: Uint8Array = nothing;
  dataInOffset = 0;
  dataInLength = 0;
  /** Wake a sleeping initiator when the task ends; false suits tasks whose end nobody waits for. */
  notify = true;
  /** Called once, from poll() or close(), never from within submit(). */
  done: (task: Task) => void = () => undefined;

  /** Set: no answer came, and the fields below mean nothing. */
  fault: TransportFault | undefined = undefined;
  status: Status = Status.good;
  readonly sense: Uint8Array = new Uint8Array(maxSenseLength);
  senseLength = 0;
  /** Bytes of data-in that arrived. */
  dataInTransferred = 0;
  /**
   * Bytes of the room for data-in, or else of the offered data-out, that the target did not use; negative: what it
   * would have needed more. With neither, what it had or wanted.
   */
  residual = 0;

  /** For the transport that carries the task: its slot or tag. -1 while the task is at rest. */
  slot = -1;

  /** Puts a CDB in place. @throws RangeError over 32 bytes. */
  setCdb(bytes: Uint8Array): this {
    if (bytes.length > maxCdbLength)
      throw new RangeError(`a CDB has at most ${maxCdbLength} bytes, not ${bytes.length}`);
    this.cdb.fill(0);
    this.cdb.set(bytes);
    this.cdbLength = bytes.length;
    return this;
  }

  setDataOut(bytes: Uint8Array, offset = 0, length = bytes.length - offset): this {
    this.dataOut = bytes;
    this.dataOutOffset = offset;
    this.dataOutLength = length;
    return this;
  }

  setDataIn(bytes: Uint8Array, offset = 0, length = bytes.length - offset): this {
    this.dataIn = bytes;
    this.dataInOffset = offset;
    this.dataInLength = length;
    return this;
  }

  /** For transports: ends the task without an answer. */
  fail(fault: TransportFault): void {
    this.fault = fault;
    this.slot = -1;
    this.done(this);
  }
}
