/** A timer that is a descriptor (timerfd_create(2)), for threads that sleep in epoll_wait. */

import { readTo } from './files.ts';
import { check, closeDescriptor, libc } from './libc.ts';
import { Window } from './memory.ts';

const create = libc.func('int timerfd_create(int clock, int flags)') as (
  clock: number,
  flags: number,
) => number;
const setTime = libc.func('int timerfd_settime(int fd, int flags, uintptr_t value, uintptr_t old)') as (
  fd: number,
  flags: number,
  value: number,
  old: number,
) => number;

const CLOCK_MONOTONIC = 1;
const NONBLOCK_CLOEXEC = 0o2004000;
/** struct itimerspec: interval, then value, each as seconds and nanoseconds of 64 bits. */
const valueAt = 16;

export class TimerFd implements Disposable {
  /** Readable once the time is over. */
  readonly fd: number;
  readonly #memory: Window;
  readonly #view: DataView;

  constructor() {
    this.fd = check(create(CLOCK_MONOTONIC, NONBLOCK_CLOEXEC), 'timerfd_create');
    this.#memory = Window.own(4096);
    this.#view = new DataView(this.#memory.buffer);
  }

  /** Goes off once, after so many milliseconds (at once for 0 and less); never, for infinity. */
  set(ms: number): void {
    const finite = Number.isFinite(ms);
    const nanoseconds = finite ? Math.max(1, Math.ceil(ms * 1e6)) : 0; // zero would stop it
    this.#view.setBigInt64(valueAt, BigInt(Math.floor(nanoseconds / 1e9)), true);
    this.#view.setBigInt64(valueAt + 8, BigInt(nanoseconds % 1e9), true);
    check(setTime(this.fd, 0, this.#memory.address, 0), 'timerfd_settime');
  }

  /** Makes it unreadable after it went off. */
  clear(): void {
    readTo(this.fd, this.#memory.address + 64, 8);
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.fd);
    this.#memory.release();
  }
}
