/**
 * What a port's sockets share: one epoll set, which is the port's descriptor; one timer in it, so that a sleeping owner
 * wakes for deadlines; memory to read into; and a list of those that have something to send.
 */

import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { TimerFd } from '../../sys/timer-fd.ts';
import type { Clock } from '../../time/clock.ts';
import { ReadRoom } from './read-room.ts';

/** Somebody with a descriptor. */
export interface Watched {
  /** It is ready for these events of epoll; returns how many things were done. */
  ready(events: number): number;
  /** The reactor ends: so does the descriptor. */
  finish(): void;
}

/** Somebody with deadlines. */
export interface Timed {
  /** The clock's milliseconds; infinity for never. An earlier one is told by `Reactor.note`. */
  readonly due: number;
  tick(): void;
}

/** Somebody with something to send, or to tell. */
export interface Busy {
  /** Taken off the list, it sends what can be sent, and tells what has to be told; returns how many things were done. */
  settle(): number;
  /** Sends only; false: there is something to tell, so that it stays on the list. */
  rest(): boolean;
}

/** Milliseconds between two looks at deadlines, at least. */
const leastPause = 1;

export class Reactor implements Disposable {
  readonly clock: Clock;
  readonly room = new ReadRoom();
  readonly #epoll = new Epoll();
  readonly #timer = new TimerFd();
  readonly #watched = new Map<number, Watched>();
  readonly #timed = new Set<Timed>();
  #busy: Busy[] = [];
  #nextKey = 0;
  /** When the timer goes off: no later than the earliest deadline. */
  #alarm = Number.POSITIVE_INFINITY;
  /** Events of the last wait that nobody has looked at. */
  #found = 0;
  /** Whoever is called may close the port: its descriptors' numbers may be another's by now. */
  #closed = false;

  constructor(clock: Clock) {
    this.clock = clock;
    this.watch(this.#timer.fd, EPOLLIN, {
      ready: () => {
        this.#timer.clear();
        this.#rang();
        return 0;
      },
      finish: () => this.#timer[Symbol.dispose](),
    });
  }

  get fd(): number {
    return this.#epoll.fd;
  }

  /** Watches a descriptor; gives a key for `change` and `forget`. @throws SystemError */
  watch(fd: number, events: number, who: Watched): number {
    const key = this.#nextKey++;
    this.#epoll.add(fd, events, key);
    this.#watched.set(key, who);
    return key;
  }

  change(fd: number, events: number, key: number): void {
    if (!this.#closed) this.#epoll.modify(fd, events, key);
  }

  /** Before its descriptor is closed, by which it leaves the set. */
  forget(key: number): void {
    this.#watched.delete(key);
  }

  /** Looks at somebody's deadlines from now on. */
  time(who: Timed): void {
    this.#timed.add(who);
    this.note(who.due);
  }

  untime(who: Timed): void {
    this.#timed.delete(who);
  }

  /** There is a deadline, perhaps an earlier one than before. */
  note(due: number): void {
    if (due >= this.#alarm || this.#closed) return;
    this.#alarm = due;
    this.#timer.set(due - this.clock.now());
  }

  /** Has somebody settled at the end of the round. Once is enough until then. */
  put(who: Busy): void {
    this.#busy.push(who);
  }

  /** The timer is silent from now on: a deadline that was not due at the beginning of this round still is one. */
  #rang(): void {
    const now = this.clock.now();
    if (now >= this.#alarm) this.#tick();
    else if (Number.isFinite(this.#alarm)) this.#timer.set(this.#alarm - now);
  }

  poll(): number {
    if (this.clock.now() >= this.#alarm) this.#tick();
    if (this.#closed) return 0;
    const found = this.#found || this.#epoll.wait(0);
    this.#found = 0;
    let done = 0;
    for (let i = 0; i < found && !this.#closed; i++)
      done += this.#watched.get(this.#epoll.key(i))?.ready(this.#epoll.events(i)) ?? 0;
    return this.#busy.length > 0 ? done + this.#settle() : done;
  }

  #settle(): number {
    let done = 0;
    const busy = this.#busy;
    this.#busy = [];
    for (const one of busy) done += one.settle();
    return done;
  }

  #tick(): void {
    const now = this.clock.now();
    this.#alarm = Number.POSITIVE_INFINITY;
    for (const one of this.#timed) if (one.due <= now) one.tick();
    if (this.#closed) return;
    let next = Number.POSITIVE_INFINITY;
    for (const one of this.#timed) next = Math.min(next, one.due);
    // Whoever is due and does nothing about it costs a look now and then, not the processor.
    this.#alarm = Math.max(next, now + leastPause);
    this.#timer.set(this.#alarm - now);
  }

  /** Sends what was put off; false: there is work for `poll`. */
  rest(): boolean {
    if (this.#busy.length > 0) this.#busy = this.#busy.filter((one) => !one.rest());
    return this.#busy.length === 0 && this.#found === 0;
  }

  /** Sleeps until there is something to do, or for so many milliseconds (-1: for ever). */
  wait(timeoutMs: number): boolean {
    this.#found = this.#epoll.wait(timeoutMs);
    return this.#found > 0;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const one of [...this.#watched.values()]) one.finish();
    this.#watched.clear();
    this.#timed.clear();
    this.#busy = [];
    this.#found = 0;
    this.#epoll[Symbol.dispose]();
  }
}
