/**
 * Sleeping over several ports: in one epoll set where all have descriptors, with a timer in it for whoever sleeps on that set's
 * own; by turns where one has none, as in simulation.
 */

import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { TimerFd } from '../../sys/timer-fd.ts';
import type { Port } from '../../transport/transport.ts';

/** Milliseconds for one port before the others are looked at. */
const turn = 1;

export class Rest implements Disposable {
  readonly #ports: readonly Port[];
  #set: { readonly epoll: Epoll; readonly timer: TimerFd } | undefined = undefined;
  /** The timer was set by arm(). */
  #timed = false;

  constructor(ports: readonly Port[]) {
    this.#ports = ports;
  }

  /** One that stands for all, and for the time given to arm(); -1: there is none. */
  get fd(): number {
    return this.#prepare() ? (this.#set?.epoll.fd ?? -1) : -1;
  }

  #prepare(): boolean {
    if (this.#set) return true;
    if (this.#ports.length === 0 || this.#ports.some(({ fd }) => fd < 0)) return false;
    const epoll = new Epoll();
    const timer = new TimerFd();
    for (const [key, { fd }] of [...this.#ports, timer].entries()) epoll.add(fd, EPOLLIN, key);
    this.#set = { epoll, timer };
    return true;
  }

  wait(timeoutMs: number): boolean {
    const [first] = this.#ports;
    if (first && this.#ports.length === 1) return first.wait(Math.ceil(timeoutMs)); // whole milliseconds, as epoll has them
    if (!this.#prepare()) return this.#waitByTurns(timeoutMs);
    if (!this.#armAll(false)) return true;
    const events = this.#set?.epoll.wait(Number.isFinite(timeoutMs) ? Math.max(0, Math.ceil(timeoutMs)) : -1);
    this.disarm();
    return events !== 0;
  }

  #waitByTurns(timeoutMs: number): boolean {
    const [first] = this.#ports;
    for (let left = timeoutMs; ; left -= turn) {
      for (const port of this.#ports) if (port.wait(0)) return true;
      if (!(first && left > 0)) return false;
      if (first.wait(Math.min(left, turn))) return true;
    }
  }

  #armAll(completions: boolean): boolean {
    let armed = 0;
    for (const port of this.#ports) {
      if (!port.arm(completions)) break;
      armed++;
    }
    if (armed === this.#ports.length) return true;
    for (const port of this.#ports.slice(0, armed)) port.disarm();
    return false;
  }

  /** `ms`: when there is something to do whatever comes. */
  arm(completions: boolean, ms: number): boolean {
    if (!this.#armAll(completions)) return false;
    if (!this.#set) return true;
    if (Number.isFinite(ms)) {
      this.#set.timer.set(ms);
      this.#timed = true;
    }
    return true;
  }

  disarm(): void {
    for (const port of this.#ports) port.disarm();
    if (!this.#timed) return;
    this.#timed = false;
    this.#set?.timer.set(Number.POSITIVE_INFINITY);
    this.#set?.timer.clear();
  }

  [Symbol.dispose](): void {
    this.#set?.epoll[Symbol.dispose]();
    this.#set?.timer[Symbol.dispose]();
    this.#set = undefined;
  }
}
