/**
 * The door to the C library (koffi). Addresses are plain numbers (user space ends below 2^47); every call that can
 * fail returns -1 and leaves its reason in `errno()`. Here: loading, errno and its names, and the error class.
 */

import { constants } from 'node:os';
import koffi from 'koffi';

export const libc = koffi.load(null);

/** The calling thread's errno, as the last foreign call left it. */
export const errno = (): number => koffi.errno();

/** Address of memory that stays where it is (an mmap, not a JavaScript heap object). */
export type Address = number;

export const EAGAIN: number = constants.errno.EAGAIN;
export const EINTR: number = constants.errno.EINTR;
export const EIO: number = constants.errno.EIO;

/** Node leaves EBADFD out: what a TAP device's descriptor says once the interface has been deleted. */
const names: ReadonlyMap<number, string> = new Map([
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
  [77, 'EBADFD'],
]);

/** A system call failed. `code` is errno's name, as in Node's own errors. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, subject = '', number = errno()) {
    const code = names.get(number) ?? `errno ${number}`;
    super(`${syscall}${subject && ` ${subject}`}: ${code}`);
    this.errno = number;
    this.code = code;
    this.syscall = syscall;
  }
}

const close = libc.func('int close(int fd)') as (fd: number) => number;

/** Closes a descriptor that a call of ours opened. (Node's own close complains about those in worker threads.) */
export const closeDescriptor = (fd: number): void => {
  close(fd);
};

/** Passes a result on, or throws what errno says when it is -1. */
export function check(result: number, syscall: string, subject = ''): number {
  if (result === -1) throw new SystemError(syscall, subject);
  return result;
}
