/** A device of Linux's user-space I/O: its one memory map, and its interrupts as a count to be read. */

import { closeSync, constants, openSync } from 'node:fs';
import { readTo, writeFrom } from './files.ts';
import { EAGAIN, EIO, errno, SystemError } from './libc.ts';
import { Window } from './memory.ts';

const word = 4;

export class UioDevice implements Disposable {
  /** Readable once there were interrupts since the last clear(). */
  readonly fd: number;
  readonly memory: Window;
  readonly #word: Window;
  #closed = false;

  /** `size`: of the map, exactly. @throws SystemError EBUSY where a driver lets only one process in */
  constructor(path: string, size: number) {
    this.fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.memory = Window.take(size);
    this.#word = Window.own(word);
    try {
      this.memory.map(this.fd, size, 'write');
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes note of the interrupts so far; false: the device has been removed. @throws SystemError */
  clear(): boolean {
    if (readTo(this.fd, this.#word.address, word) >= 0 || errno() === EAGAIN) return true;
    return this.#removed('read');
  }

  /** Tells the driver to look (its irqcontrol); false: the device has been removed. @throws SystemError */
  ring(): boolean {
    return writeFrom(this.fd, this.#word.address, word) >= 0 || this.#removed('write');
  }

  #removed(syscall: string): false {
    if (errno() === EIO) return false;
    throw new SystemError(syscall);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.memory.release();
    this.#word.release();
    closeSync(this.fd);
  }
}
