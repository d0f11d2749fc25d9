/**
 * The loop of a host: frames from the interface to the bus, commands from the bus to the interface. It runs in a
 * thread of its own, looks about a little when there is nothing to do, then sleeps until something happens, and ends
 * when it is told to.
 */

import type { Link } from '../link/link.ts';
import { EPOLLIN, Epoll } from '../sys/epoll.ts';
import { EAGAIN, EINTR, EIO, errno, SystemError } from '../sys/libc.ts';
import { addressOf } from '../sys/memory.ts';
import type { Clock } from '../time/clock.ts';
import type { Port } from '../transport/transport.ts';
import { Lookout, type Patience } from './lookout.ts';
import type { Inbox } from './mailbox.ts';
import type { TapIo } from './tap-io.ts';

/** Frames read from the interface before the bus has its turn. */
const turn = 16;
/** Rounds of work between looks at the clock, and at an interface that was found empty. */
const chorePause = 16;

const inboxKey = 32;
const tapKey = 33;

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
  readonly #lookout: Lookout;
  /** Length of a frame that the link could not take yet, or -1. */
  #held = -1;
  /** The interface had nothing when last asked, and nothing has happened since that could have changed it. */
  #drained = false;
  /** What was done on the bus while looking about. */
  #seen = 0;
  #deadline = 0;
  #rounds = 0;
  /** The interface failed for good. */
  #failure: string | undefined;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    const { port, inbox, tap } = parts;
    for (const epoll of [this.#all, this.#busOnly]) {
      epoll.add(inbox.fd, EPOLLIN, inboxKey);
      for (const [bit, fd] of (port.fds ?? [port.fd]).entries()) if (fd >= 0) epoll.add(fd, EPOLLIN, bit);
    }
    this.#all.add(tap.fd, EPOLLIN, tapKey);
    this.#lookout = new Lookout(parts.clock, parts.patience);
  }

  /** Runs until control() says so; returns why it ended by itself, if it did. */
  run(): string | undefined {
    const { inbox, control } = this.#parts;
    using _all = this.#all;
    using _busOnly = this.#busOnly;
    while (this.#failure === undefined) {
      if (inbox.pending && !control()) break;
      if (!this.#work()) this.#rest();
    }
    return this.#failure;
  }

  /** One round; false: there was nothing to do. */
  #work(): boolean {
    const { port, link, clock } = this.#parts;
    const came = port.poll() + this.#seen;
    this.#seen = 0;
    // A frame that was delivered often has its answer ready before we look again.
    if (came > 0) this.#drained = false;
    const went = this.#drained ? 0 : this.#readInterface();
    if (came + went === 0) return false;
    link.flush();
    this.#lookout.worked(went > 0);
    if (++this.#rounds % chorePause === 0) {
      this.#drained = false;
      const now = clock.now();
      if (now >= this.#deadline || link.retryAt <= now) this.#deadline = this.#chores(now);
    }
    return true;
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
          this.#drained = true;
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

  /** There is nothing to do: looks about for as long as it seems worth it, then sleeps until there is work or something is due. */
  #rest(): void {
    const { port, link, clock } = this.#parts;
    const now = clock.now();
    this.#deadline = this.#chores(now);
    if (this.#lookout.watch(now, this.#look)) {
      if (this.#seen === 0) this.#drained = false; // nothing on the bus: the interface has its turn
      return;
    }
    const stuck = this.#held >= 0 || !link.frame();
    const due = stuck ? Math.min(this.#deadline, link.retryAt) : this.#deadline;
    let ready = 0;
    if (port.arm(stuck || link.waiting)) ready = this.#sleep(stuck ? this.#busOnly : this.#all, due - now);
    port.disarm(ready);
    this.#lookout.woke(clock.now());
  }

  /** Is there work by now? What the bus brings is done at once. */
  readonly #look = (): boolean => {
    this.#seen = this.#parts.port.poll();
    return this.#seen > 0 || this.#parts.inbox.pending;
  };

  /** Sleeps for at most `timeout` ms; returns which of the port's descriptors are ready. */
  #sleep(epoll: Epoll, timeout: number): number {
    const events = epoll.wait(timeout === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.ceil(timeout)));
    let ready = 0;
    for (let i = 0; i < events; i++) {
      const key = epoll.key(i);
      if (key === tapKey) this.#drained = false;
      else if (key !== inboxKey) ready |= 1 << key;
    }
    return ready;
  }
}
