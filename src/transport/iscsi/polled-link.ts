/**
 * A raw TCP socket and the machine behind it, driven by a reactor: no event loop. Each batch is written with one call;
 * what the kernel did not take waits, and while much waits, nothing more is read.
 */

import { EPOLLIN, EPOLLOUT } from '../../sys/epoll.ts';
import { closeDescriptor, SystemError } from '../../sys/libc.ts';
import { endSending, receive, sendAll, socketError, wouldBlock } from '../../sys/socket.ts';
import type { Machine } from './machine.ts';
import type { Busy, Reactor, Timed, Watched } from './polled-reactor.ts';

/** Bytes not written yet above which nothing more is read; where the machine `lends`, those in memory of ours. */
const highWater = 4 * 1024 * 1024;
/** Milliseconds in which the last words must be taken, and the other side must close. */
const lingerMs = 2000;
/** Reads at the very end, so that closing does not reset the connection under our last words. */
const lastReads = 16;
const unheard = new Uint8Array(64 * 1024);

/** connecting → open → ending (the machine has ended: last words, then the other side's end) → gone. */
type State = 'connecting' | 'open' | 'ending' | 'gone';

export class PolledLink implements Watched, Timed, Busy {
  readonly machine: Machine;
  readonly #fd: number;
  readonly #reactor: Reactor;
  readonly #key: number;
  #state: State;
  #interest: number;
  /** What the kernel did not take: the outbox may replace parts of it by copies. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** Bytes in memory of ours among what was last taken out of the outbox, until all of that is written. */
  #copied = 0;
  /** In the reactor's list of those with something to send. */
  #listed = false;
  #lingerUntil = Number.POSITIVE_INFINITY;
  /** The socket failed; the machine hears of it from poll. */
  #broken: Error | undefined;
  /** Called once: connected. */
  onConnected: () => void = () => undefined;
  /** Called once, from poll: the socket is closed. */
  onGone: () => void = () => undefined;

  /** Owns the descriptor from now on. `connected`: it need not wait for that. @throws SystemError: it can't be watched, and is the caller's */
  constructor(reactor: Reactor, fd: number, machine: Machine, connected: boolean) {
    this.#reactor = reactor;
    this.#fd = fd;
    this.machine = machine;
    this.#state = connected ? 'open' : 'connecting';
    this.#interest = connected ? EPOLLIN : EPOLLOUT;
    this.#key = reactor.watch(fd, this.#interest, this);
    machine.onOutput = () => this.touch();
    reactor.time(this);
  }

  get gone(): boolean {
    return this.#state === 'gone';
  }

  get due(): number {
    return Math.min(this.#lingerUntil, this.machine.due);
  }

  tick(): void {
    if (this.#reactor.clock.now() >= this.#lingerUntil) this.#close(undefined);
    else {
      this.machine.tick();
      this.touch();
    }
  }

  /** There is something to send: at the end of the round. */
  touch(): void {
    if (this.#listed || this.#state === 'gone') return;
    this.#listed = true;
    this.#reactor.put(this);
  }

  ready(events: number): number {
    if (this.#state === 'connecting') return this.#connected();
    if (events & EPOLLOUT) this.#writeOn();
    // Errors and the other side's end come unasked; reading tells what it is.
    if (events & ~EPOLLOUT && this.#state !== 'gone') this.#read();
    return 1;
  }

  #connected(): number {
    const code = socketError(this.#fd);
    if (code !== 0) this.#close(new SystemError('connect', '', code));
    else {
      this.#state = 'open';
      this.#watch(EPOLLIN);
      this.onConnected();
      this.touch();
    }
    return 1;
  }

  #read(): void {
    const { machine } = this;
    const { room } = this.#reactor;
    const bytes = room.take();
    let count: number;
    try {
      count = receive(this.#fd, bytes);
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    if (count === wouldBlock) return;
    if (count === 0) this.#close(undefined);
    else if (this.#state === 'open') {
      machine.receive(bytes.subarray(0, count));
      room.given(count, machine);
      this.touch();
    }
  }

  settle(): number {
    this.#listed = false;
    if (this.#broken) this.#close(this.#broken);
    else if (this.flush()) return 0;
    else this.#close(this.#broken);
    return 1;
  }

  /** Writes what is in the outbox; begins to close when the machine has ended. False: the socket failed. */
  flush(): boolean {
    if (this.#broken) return false;
    if (this.#state === 'connecting' || this.#state === 'gone') return true;
    const { outbox } = this.machine;
    if (outbox.size > 0 && this.#unsentBytes === 0) {
      this.#unsentBytes = outbox.size;
      this.#copied = outbox.copied;
      this.#unsent = outbox.take();
      this.#write();
    }
    if (this.#broken) {
      this.touch();
      return false;
    }
    if (this.machine.ended && this.#state === 'open') this.#end();
    this.#watchAsNeeded();
    this.#reactor.note(this.machine.due);
    return true;
  }

  rest(): boolean {
    this.#listed = !this.flush();
    return !this.#listed;
  }

  /** The kernel takes more. */
  #writeOn(): void {
    this.#write();
    if (this.#broken) this.#close(this.#broken);
    else this.touch();
  }

  #write(): void {
    const { outbox } = this.machine;
    try {
      while (this.#unsentBytes > 0 && this.#writeOnce());
    } catch (error) {
      this.#broken = error as Error;
      return;
    }
    if (this.#unsentBytes > 0) return;
    this.#copied = 0;
    outbox.recycle();
    if (this.#state === 'ending') endSending(this.#fd);
  }

  /** False: the kernel takes no more now. */
  #writeOnce(): boolean {
    const parts = this.#unsent;
    const sent = sendAll(this.#fd, parts);
    if (sent === wouldBlock) return false;
    this.#unsentBytes -= sent;
    if (this.#unsentBytes === 0) {
      this.#unsent = [];
      return true;
    }
    let left = sent;
    let whole = 0;
    while (left >= (parts[whole] as Uint8Array).length) left -= (parts[whole++] as Uint8Array).length;
    parts.splice(0, whole);
    parts[0] = (parts[0] as Uint8Array).subarray(left);
    return left === 0; // a cut at a buffer's end: there were too many for one call
  }

  /** The machine has ended: what is in the outbox are its last words. */
  #end(): void {
    this.#state = 'ending';
    this.#lingerUntil = this.#reactor.clock.now() + lingerMs;
    this.#reactor.note(this.#lingerUntil);
    if (this.#unsentBytes === 0) endSending(this.#fd);
  }

  #watchAsNeeded(): void {
    const { lends, outbox } = this.machine;
    const waiting = lends ? this.#copied + outbox.copied : this.#unsentBytes + outbox.size;
    const reads = waiting <= highWater || this.#state === 'ending';
    this.#watch((reads ? EPOLLIN : 0) | (this.#unsentBytes > 0 ? EPOLLOUT : 0));
  }

  #watch(events: number): void {
    if (events === this.#interest) return;
    this.#interest = events;
    this.#reactor.change(this.#fd, events, this.#key);
  }

  #close(why: Error | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#reactor.forget(this.#key);
    this.#reactor.untime(this);
    closeDescriptor(this.#fd);
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.machine.outbox.discard();
    this.machine.lost(why);
    this.onGone();
  }

  /** Ends at once: says what can be said. */
  finish(): void {
    if (this.#state === 'open') this.flush();
    if (this.#state === 'open' || this.#state === 'ending') {
      endSending(this.#fd);
      try {
        for (let i = 0; i < lastReads && receive(this.#fd, unheard) > 0; i++);
      } catch {
        // reset: there is nobody to hear our last words
      }
    }
    this.#close(undefined);
  }
}
