/**
 * An sg device that is open: commands are started, and those that have ended are fetched. One open file takes sixteen
 * commands, so there may be several.
 */

import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { EAGAIN } from '../../sys/libc.ts';
import { Window } from '../../sys/memory.ts';
import {
  openSgFile,
  SgIoHeader,
  sgHungUp,
  sgLimits,
  sgMaxQueue,
  sgRead,
  sgReset,
  sgWrite,
} from '../../sys/sg.ts';
import { SgError, sgError } from './errors.ts';
import { maxSlots, type Slot } from './slot.ts';

/** What next() says beside a pack ID. */
export const Next = { none: -1, gone: -2 } as const;

export interface SgDevice extends Disposable {
  /** Bytes of data in one command. */
  readonly maxTransfer: number;
  /** Commands at once. */
  readonly depth: number;
  /** The logical unit's number at its target. */
  readonly lun: number;
  /** Starts the command of a slot; 0, or errno. */
  start(slot: Slot): number;
  /** Fetches a command that has ended, into `answer`: its pack ID, or one of `Next`. */
  next(): number;
  /** The last command's header. */
  readonly answer: ReturnType<typeof SgIoHeader.over>;
  /** It has been taken away. */
  hungUp(): boolean;
  /** SG_SCSI_RESET; false: it did not work. */
  reset(what: number): Promise<boolean>;
}

/** Opens a device; `watch` is told every descriptor that turns readable when a command has ended. @throws SgError */
export type OpenSgDevice = (path: string, depth: number, watch: (fd: number) => void) => SgDevice;

const EPERM = 1;

/** A number out of sysfs. */
function sysNumber(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

/** What sysfs says of the device's state; undefined when it says nothing. */
function stateOf(fd: number): string | undefined {
  const { rdev } = fstatSync(fd);
  try {
    return readFileSync(`/sys/dev/char/${rdev >> 8}:${rdev & 0xff}/device/state`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

class LinuxSgDevice implements SgDevice {
  readonly maxTransfer: number;
  readonly depth: number;
  readonly lun: number;
  readonly answer: ReturnType<typeof SgIoHeader.over>;
  readonly #path: string;
  readonly #watch: (fd: number) => void;
  readonly #files: number[] = [];
  #outstanding = 0;
  readonly #memory: Window;

  constructor(path: string, depth: number, watch: (fd: number) => void) {
    this.#path = path;
    this.#watch = watch;
    const first = this.#open(0);
    const { maxTransfer, queueDepth, host, lun } = sgLimits(first);
    const canQueue = sysNumber(`/sys/class/scsi_host/host${host}/can_queue`) || queueDepth;
    this.maxTransfer = maxTransfer;
    this.lun = lun;
    // A write() beyond the adapter's depth would sleep.
    this.depth = Math.max(1, Math.min(depth, queueDepth, canQueue, maxSlots));
    for (let i = 1; i * sgMaxQueue < this.depth; i++) this.#open(i);
    this.#memory = Window.own(SgIoHeader.size);
    this.answer = SgIoHeader.over(this.#memory.bytes);
  }

  #open(i: number): number {
    const fd = openSgFile(this.#path);
    const state = stateOf(fd);
    if (state !== undefined && state !== 'running') {
      closeSync(fd);
      throw new SgError(
        'offline',
        `${this.#path} is ${state}`,
        'see its state under /sys/class/scsi_generic',
      );
    }
    this.#files[i] = fd;
    this.#watch(fd);
    return fd;
  }

  start(slot: Slot): number {
    const i = Math.floor(slot.index / sgMaxQueue);
    let code = sgWrite(this.#files[i] ?? -1, slot.headerAddress);
    if (code === EPERM && this.#openAnew()) code = sgWrite(this.#files[i] ?? -1, slot.headerAddress);
    if (code === 0) this.#outstanding++;
    return code;
  }

  /**
   * sg serves nobody who has changed his credentials since he opened the file, as a host does that gives up its
   * capabilities. False: there is no way, or answers were to come through the old files.
   */
  #openAnew(): boolean {
    if (this.#outstanding > 0) return false;
    try {
      for (const [i, fd] of this.#files.entries()) {
        this.#files[i] = -1;
        closeSync(fd);
        this.#open(i);
      }
      return true;
    } catch {
      return false;
    }
  }

  next(): number {
    for (const fd of this.#files) {
      const code = sgRead(fd, this.#memory.address);
      if (code === 0) {
        this.#outstanding--;
        return this.answer.packId;
      }
      if (code === EPERM && this.#openAnew()) return Next.none;
      if (code !== EAGAIN) return Next.gone;
    }
    return Next.none;
  }

  hungUp(): boolean {
    return this.#files.some(sgHungUp);
  }

  reset(what: number): Promise<boolean> {
    return sgReset(this.#files[0] ?? -1, what);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#files) if (fd >= 0) closeSync(fd);
    this.#files.length = 0;
    this.#memory.release();
  }
}

export const openSgDevice: OpenSgDevice = (path, depth, watch) => {
  const opened: number[] = [];
  try {
    return new LinuxSgDevice(path, depth, (fd) => {
      opened.push(fd);
      watch(fd);
    });
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw sgError(path, error);
  }
};
