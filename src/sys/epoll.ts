/** Waiting for many descriptors at once (epoll(7)), for threads that may block. */

import { check, closeDescriptor, EINTR, errno, libc, SystemError } from './libc.ts';
import { Window } from './memory.ts';

const epollCreate = libc.func('int epoll_create1(int flags)') as (flags: number) => number;
const epollControl = libc.func('int epoll_ctl(int epfd, int op, int fd, uintptr_t event)') as (
  epfd: number,
  op: number,
  fd: number,
  event: number,
) => number;
const epollWait = libc.func('int epoll_wait(int epfd, uintptr_t events, int max, int timeout)') as (
  epfd: number,
  events: number,
  max: number,
  timeout: number,
) => number;

const closeOnExec = 0o2000000;
const add = 1;
const remove = 2;
const change = 3;
/** Readable; writable. Errors and the other side's end are reported whatever is asked for. */
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
/** struct epoll_event is packed on x86-64 only: bytes, and where its data lies. */
const [eventSize, dataAt] = process.arch === 'x64' ? [12, 4] : [16, 8];
const maxEvents = 64;
/** Where the event of epoll_ctl is put: behind those that were found, which are still being looked at. */
const askedAt = maxEvents * eventSize;

/** A set of descriptors, each with a number by which its events are told apart. */
export class Epoll implements Disposable {
  readonly fd: number;
  readonly #events: Window;
  readonly #view: DataView;

  constructor() {
    this.fd = check(epollCreate(closeOnExec), 'epoll_create1');
    this.#events = Window.own((maxEvents + 1) * eventSize);
    this.#view = new DataView(this.#events.buffer);
  }

  /** Watches `fd` for `events`; 0 watches for EPOLLERR alone: on the writing end of a pipe, that nobody reads any more. @throws SystemError */
  add(fd: number, events: number, key: number): void {
    this.#control(add, fd, events, key);
  }

  /** Watches a descriptor that is watched already for other events. @throws SystemError */
  modify(fd: number, events: number, key: number): void {
    this.#control(change, fd, events, key);
  }

  #control(operation: number, fd: number, events: number, key: number): void {
    this.#view.setUint32(askedAt, events, true);
    this.#view.setUint32(askedAt + dataAt, key, true);
    this.#view.setUint32(askedAt + dataAt + 4, 0, true);
    check(epollControl(this.fd, operation, fd, this.#events.address + askedAt), 'epoll_ctl');
  }

  remove(fd: number): void {
    check(epollControl(this.fd, remove, fd, this.#events.address), 'epoll_ctl');
  }

  /** Waits up to `timeoutMs` (-1: for ever) and says how many events there are, at most 64; an interruption counts as none. */
  wait(timeoutMs: number): number {
    const count = epollWait(this.fd, this.#events.address, maxEvents, timeoutMs);
    if (count >= 0) return count;
    if (errno() === EINTR) return 0;
    throw new SystemError('epoll_wait');
  }

  /** The number given to add(), of the i-th event of the last wait. */
  key(i: number): number {
    return this.#view.getUint32(i * eventSize + dataAt, true);
  }

  /** What happened to it: EPOLLIN and the like. */
  events(i: number): number {
    return this.#view.getUint32(i * eventSize, true);
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.fd);
    this.#events.release();
  }
}
