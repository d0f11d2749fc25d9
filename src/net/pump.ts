/**
 * The loop of a host: frames from the interface to the bus, commands from the bus to the interface. It runs in a
 * thread of its own, spins a little, then sleeps until something happens, and ends when it is told to.
 */

import type { Link } from '../link/link.ts';
import { EPOLLIN, Epoll } from '../sys/epoll.ts';
import { yieldProcessor } from '../sys/files.ts';
import { EAGAIN, EINTR, EIO, errno, SystemError } from '../sys/libc.ts';
import { addressOf } from '../sys/memory.ts';
import type { Clock } from '../time/clock.ts';
import type { Port } from '../transport/transport.ts';
import type { Inbox } from './mailbox.ts';
import type { TapIo } from './tap-io.ts';

/** Frames read from the interface before the bus has its turn. */
const turn = 16;

/** How long to look for work before sleeping. */
export interface Patience {
  /** Rounds without anything to do, each looking at the bus. */
  readonly spins: number;
  /** Rounds that let other threads run. */
  readonly yields: number;
}

/** D6: an idle host uses no processor; a busy one is rarely woken by a system call. */
export const usualPatience: Patience = { spins: 20, yields: 10 };
/** For hosts that have a processor to themselves: never sleep. */
export const busyPoll: Patience = { spins: Number.POSITIVE_INFINITY, yields: 0 };

export interface PumpParts {
  readonly port: Port;
  readonly link: Link;
  readonly tap: { readonly fd: number; readonly io: TapIo };
  readonly inbox: Pick<Inbox, 'fd' | 'pending'>;
  /** Handles requests of other threads; false ends the loop. */
  control(): boolean;
  /** Other work with deadlines: does what is due, says when the next is due (the clock's milliseconds). */
  chores(now: number): number;
  readonly clock: Clock;
  readonly patience: Patience;
}

export class Pump {
  readonly #parts: PumpParts;
  /** With and without the interface: a full link does not read from it. */
  readonly #all = new Epoll();
  readonly #busOnly = new Epoll();
  /** A frame that the link could not take yet. */
  #held = -1;
  #deadline = 0;
  #rounds = 0;
  /** The interface failed for good. */
  #failure: string | undefined;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    for (const epoll of [this.#all, this.#busOnly]) {
      epoll.add(parts.inbox.fd, EPOLLIN, 0);
      if (parts.port.fd >= 0) epoll.add(parts.port.fd, EPOLLIN, 1);
    }
    this.#all.add(parts.tap.fd, EPOLLIN, 2);
  }

  /** Runs until control() says so; returns why it ended by itself, if it did. */
  run(): string | undefined {
    const { inbox, control, patience } = this.#parts;
    let idle = 0;
    while (this.#failure === undefined) {
      if (inbox.pending && !control()) break;
      if (this.#work()) idle = 0;
      else if (idle < patience.spins) idle++;
      else if (idle < patience.spins + patience.yields) {
        idle++;
        yieldProcessor();
      } else this.#sleep();
    }
    this.#all[Symbol.dispose]();
    this.#busOnly[Symbol.dispose]();
    return this.#failure;
  }

  /** One round; false: there was nothing to do. */
  #work(): boolean {
    const { port, link, clock } = this.#parts;
    const done = port.poll() + this.#readInterface();
    link.flush();
    if (done > 0 && ++this.#rounds % 16 !== 0) return true;
    const now = clock.now();
    if (done > 0 || now >= this.#deadline || link.retryAt <= now) this.#deadline = this.#chores(now);
    return done > 0;
  }

  #chores(now: number): number {
    const { link, chores } = this.#parts;
    const due = Math.min(link.poll(now), chores(now));
    link.flush();
    return due;
  }

  /** Moves frames from the interface to the link; returns how many. */
  #readInterface(): number {
    const { link, tap } = this.#parts;
    let count = 0;
    while (count < turn) {
      const frame = link.frame();
      if (!frame) return count;
      if (this.#held < 0) {
        const address = addressOf(frame.bytes) + frame.start;
        const length = tap.io.read(address, frame.capacity);
        if (length <= 0) {
          if (length < 0) this.#judge(errno());
          return count;
        }
        this.#held = length;
      }
      if (link.transmit(frame, this.#held) === 'full') return count;
      this.#held = -1;
      count++;
    }
    return count;
  }

  /** Nothing to read, or an interface that is down, is as usual; anything else means that it is gone. */
  #judge(code: number): void {
    if (code === EAGAIN || code === EINTR || code === EIO) return;
    this.#failure = new SystemError('read', 'from the interface', code).message;
  }

  /** Sleeps until there is work or something is due. */
  #sleep(): void {
    const { port, link, clock } = this.#parts;
    const now = clock.now();
    this.#deadline = this.#chores(now);
    const stuck = this.#held >= 0 || !link.frame();
    const due = stuck ? Math.min(this.#deadline, link.retryAt) : this.#deadline;
    if (!port.arm(stuck || link.waiting)) {
      port.disarm();
      return;
    }
    const wait = due === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(due - now));
    (stuck ? this.#busOnly : this.#all).wait(wait);
    port.disarm();
  }
}
