/**
 * How a sleeping host is woken: each host reads a named pipe, and others write a byte into it. A byte stays until it
 * is read, so a ring between "look once more" and "sleep" is not lost, although nobody may write to the sleeper's
 * memory; a pipe can be waited for together with other descriptors; and its writers learn when its reader dies.
 */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { makeFifo, readTo, writeFrom } from '../../sys/files.ts';
import { EAGAIN, errno } from '../../sys/libc.ts';
import { Window } from '../../sys/memory.ts';

/** What a byte in the pipe asks for. */
export const Ring = {
  /** Look at the queues. */
  work: 1,
  /** A host came: look at the directory. */
  arrival: 2,
} as const;

/** Bytes to write (the first two) and room to read into. */
const scratch = Window.own(65536);
scratch.bytes[0] = Ring.work;
scratch.bytes[1] = Ring.arrival;
const room = 4096;
/** What a pipe holds at most, in such pieces (pipe(7)): a writer that goes on and on does not keep us longer. */
const fullPipe = 16;

/** The bell that we listen to. */
export class OwnBell implements Disposable {
  readonly fd: number;

  constructor(path: string) {
    makeFifo(path, 0o600);
    // Also open for writing, or the last writer's close would count as an end of file.
    this.fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Takes the rings so far: true if one told of an arrival, or may have done so in vain because the pipe was full. */
  silence(): boolean {
    let arrival = false;
    for (let piece = 0; piece < fullPipe; piece++) {
      const count = readTo(this.fd, scratch.address + room, room);
      for (let i = 0; i < count; i++) arrival ||= scratch.bytes[room + i] === Ring.arrival;
      if (count < room) return arrival;
    }
    return true;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** A peer's bell. */
export class PeerBell implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Undefined when nobody listens to it: its owner is dead, or not there yet; or when it is no bell at all. */
  static open(path: string): PeerBell | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch {
      return undefined;
    }
    if (fstatSync(fd).isFIFO()) return new PeerBell(fd);
    closeSync(fd);
    return undefined;
  }

  /** False: its owner is gone. A full pipe is as good as a ring. */
  ring(what: (typeof Ring)[keyof typeof Ring]): boolean {
    return writeFrom(this.fd, scratch.address + what - 1, 1) === 1 || errno() === EAGAIN;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
