/** What Node's fs lacks: named pipes, locks that die with their holder, reserving space, raw reads and writes. */

import { check, EAGAIN, errno, libc, SystemError } from './libc.ts';

const mkfifo = libc.func('int mkfifo(const char *path, unsigned int mode)') as (
  path: string,
  mode: number,
) => number;
const fcntl = libc.func('int fcntl(int fd, int command, _Inout_ uint8_t *argument)') as (
  fd: number,
  command: number,
  argument: Uint8Array,
) => number;
const posixFallocate = libc.func('int posix_fallocate(int fd, int64_t offset, int64_t length)') as (
  fd: number,
  offset: number,
  length: number,
) => number;
const eventfd = libc.func('int eventfd(unsigned int initial, int flags)') as (
  initial: number,
  flags: number,
) => number;
const yieldCpu = libc.func('int sched_yield()') as () => number;

/** read(2) and write(2) on addresses: no exception, no allocation; -1 leaves the reason in errno(). */
export const readTo = libc.func('intptr_t read(int fd, uintptr_t address, size_t length)') as (
  fd: number,
  address: number,
  length: number,
) => number;
export const writeFrom = libc.func('intptr_t write(int fd, uintptr_t address, size_t length)') as (
  fd: number,
  address: number,
  length: number,
) => number;
/** writev(2) on an array of struct iovec at an address. */
export const writeVector = libc.func('intptr_t writev(int fd, uintptr_t vector, int count)') as (
  fd: number,
  vector: number,
  count: number,
) => number;

/** Lets another thread run on this processor. */
export const yieldProcessor = (): void => {
  yieldCpu();
};

/** Makes a named pipe. @throws SystemError */
export function makeFifo(path: string, mode: number): void {
  check(mkfifo(path, mode), 'mkfifo', path);
}

const setOpenFileLock = 37; // F_OFD_SETLK
const writeLock = 1;

/** Takes the write lock of an open file (fcntl(2), open file description locks); false: somebody else has it. */
export function tryLock(fd: number): boolean {
  const flock = new Uint8Array(32); // struct flock: type, whence, start, length, pid; zeros mean the whole file
  new DataView(flock.buffer).setInt16(0, writeLock, true);
  if (fcntl(fd, setOpenFileLock, flock) === 0) return true;
  if (errno() === EAGAIN) return false;
  throw new SystemError('fcntl');
}

/** Makes sure that a range of a file has storage, so that touching it can't fail later. @throws SystemError ENOSPC */
export function reserve(fd: number, offset: number, length: number): void {
  const number = posixFallocate(fd, offset, length);
  if (number !== 0) throw new SystemError('posix_fallocate', '', number);
}

/** A descriptor that turns readable when 8 bytes are written to it, from any thread; not inherited by children. */
export function makeEventFd(): number {
  return check(eventfd(0, 0o2004000), 'eventfd');
}
