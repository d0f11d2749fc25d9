/**
 * The contract of every transport (design D4): a port on a bus, poll-mode at heart. A port is initiator and target
 * at once; either part may be missing. Everything happens in the thread that polls; nothing is called back from elsewhere.
 */

import type { Target, TaskManagement, TaskManagementResponse } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import { Task, type TransportFault } from './task.ts';

/** What a nexus can carry. */
export interface Limits {
  /** Bytes of data-out in one command. */
  readonly maxDataOut: number;
  /** Bytes of data-in in one command. */
  readonly maxDataIn: number;
  /** Commands outstanding at once. */
  readonly maxQueued: number;
}

/**
 * A way round the Task for small messages: brief commands, which have LUN 0, the simple attribute, a CDB of at most 12
 * bytes, a little data-out and no data-in. Their data are written straight to where the target reads them, between
 * begin() and end(), and nobody hears of them again unless one ends with anything but GOOD. They keep the order of
 * submissions.
 */
export interface BriefSender {
  /** Bytes of data-out that fit. */
  readonly maxBrief: number;
  /** Where the data-out is written; two views of the same memory. */
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  /** Told when one of them did not end with GOOD. */
  failed: (why: string) => void;
  /** First word for the data-out of the next command; -1: there is no room now, or the nexus is lost. */
  begin(): number;
  /** Submits it: the CDB as words in the machine's order, its bytes, and those of the data-out. kick() follows. */
  end(cdb0: number, cdb1: number, cdb2: number, cdbLength: number, length: number): void;
}

/** The target can fetch data-out from memory that its initiator does not share (`Task.far`). */
export interface FarData {
  /** Bytes of data-out per command that is sent so. */
  readonly maxDataOut: number;
  /** What it measures fetching data-out takes that we share, and what such takes: picoseconds per byte; 0: not known. */
  readonly near: number;
  readonly far: number;
}

/**
 * An I_T nexus, from the initiator's side. After it is lost it stays usable: every submission ends with
 * 'selection-timeout'; after its own port was closed, with 'closed', at that port's next poll.
 */
export interface InitiatorNexus {
  /** The target's SCSI ID. */
  readonly target: number;
  readonly limits: Limits;
  /** Tasks submitted and not ended. */
  readonly queued: number;
  /** False once the target has gone. A target that comes back is a new nexus. */
  readonly alive: boolean;
  /**
   * Hands a task over. False: the queue is full, nothing was taken; poll and try again. A task that can't be sent is
   * taken all the same and ends with a fault at the next poll. The target may not notice before `kick()`.
   * A task that is under way already, or whose data lies outside its buffers, is a defect of the caller.
   */
  submit(task: Task): boolean;
  /** Where the transport has such a way. */
  readonly brief?: BriefSender;
  /** Whether the target does such a thing now. */
  readonly far?: FarData | undefined;
  /** Data-out is as good in ordinary memory as in the port's own: it is copied once, wherever it lies. */
  readonly anywhere?: boolean;
  /** Makes the target notice what was submitted, if it sleeps. */
  kick(): void;
  /**
   * Asks for the end of one task: its target gets ABORT TASK. Its `done` follows with fault 'aborted', or with its
   * outcome if that came first. A task that is not under way is left alone.
   */
  abort(task: Task): void;
  /**
   * Sends a task management function; it arrives after the commands submitted before it, and the tasks that it ends
   * have ended when the promise resolves. @throws TransportError
   */
  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse>;
}

/** Told when targets come and go; called from poll(). */
export interface PortListener {
  appeared(nexus: InitiatorNexus): void;
  vanished(nexus: InitiatorNexus): void;
}

/** A host's port on a bus. */
export interface Port extends Disposable {
  /** Our SCSI ID; -1 where the transport gives an initiator none. */
  readonly id: number;
  /** IDs on the bus: they run from 0 to width - 1. */
  readonly width: number;
  /** The bus's name: the same for all its hosts, part of what their MAC addresses are made of. */
  readonly bus: string;
  /** Targets that are present now, by SCSI ID; never ourselves. */
  readonly targets: ReadonlyMap<number, InitiatorNexus>;
  /** Answers commands sent to us; undefined refuses selection. Set it before the first poll. */
  target: Target | undefined;
  listener: PortListener | undefined;
  /** Why the target with that ID vanished last, where there is more to say than that it has gone. */
  lossOf?(id: number): string | undefined;
  /** Does what is due: commands that came, tasks that ended, targets that came and went. Returns how many. */
  poll(): number;
  /** Blocks until poll() has something to do, or `timeoutMs` is over; false for the latter. */
  wait(timeoutMs: number): boolean;
  /**
   * A descriptor that becomes readable when a port that was armed has something to do, for loops that wait for other
   * things too; -1 where there is none.
   */
  readonly fd: number;
  /** The same as several descriptors, where a port has them: cheaper than one that stands for many. At most 31. */
  readonly fds?: readonly number[];
  /** Before sleeping on `fd`: false means do not, there is work. `completions`: also be woken by tasks with notify unset. */
  arm(completions: boolean): boolean;
  /** After sleeping. `ready`: which of `fds` were found readable, bit 0 for the first; left out when not known. */
  disarm(ready?: number): void;
  /** Memory that targets can fetch data-out from without a copy, for as long as the port is open. @throws TransportError when used up. */
  allocate(bytes: number): Uint8Array;
  /**
   * Ends every task with 'closed', tells the target that its nexuses are lost, leaves the bus, frees everything.
   * Again: nothing. Answers that the target still gives are ignored. poll() may still be called: it ends what was
   * submitted since, with 'closed'.
   */
  [Symbol.dispose](): void;
}

/** A transport failed to deliver: no answer, as opposed to a device's refusal. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly fault: TransportFault;

  constructor(fault: TransportFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

/** What a device answered (SAM-5 §5.1): a value that may be kept. */
export interface Outcome {
  readonly status: Status;
  readonly sense: Uint8Array;
  readonly dataIn: Uint8Array;
  readonly residual: number;
}

/** A command as a value, for `execute`. */
export interface Request {
  readonly cdb: Uint8Array;
  readonly lun?: number;
  readonly dataOut?: Uint8Array;
  /** Bytes of room for data-in. */
  readonly dataIn?: number;
}

/**
 * The promise form of submit: resolves with any SCSI status, rejects with TransportError when no answer came or the
 * signal fires. Somebody has to poll the port meanwhile.
 */
export function execute(nexus: InitiatorNexus, request: Request, signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const task = new Task().setCdb(request.cdb);
    task.lun = request.lun ?? 0;
    if (request.dataOut) task.setDataOut(request.dataOut);
    if (request.dataIn) task.setDataIn(new Uint8Array(request.dataIn));
    const abort = () => nexus.abort(task);
    task.done = () => {
      signal?.removeEventListener('abort', abort);
      if (task.fault) {
        reject(
          new TransportError(task.fault, `command to target ${nexus.target}: ${task.fault}`, {
            cause: signal?.reason,
          }),
        );
        return;
      }
      resolve({
        status: task.status,
        sense: task.sense.slice(0, task.senseLength),
        dataIn: task.dataIn.slice(0, task.dataInTransferred),
        residual: task.residual,
      });
    };
    if (signal?.aborted) {
      reject(
        new TransportError('aborted', `command to target ${nexus.target}: aborted`, { cause: signal.reason }),
      );
    } else if (nexus.submit(task)) {
      signal?.addEventListener('abort', abort, { once: true });
      nexus.kick();
    } else {
      resolve({
        status: Status.taskSetFull,
        sense: new Uint8Array(0),
        dataIn: new Uint8Array(0),
        residual: 0,
      });
    }
  });
}
