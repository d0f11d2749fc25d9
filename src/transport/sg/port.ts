/**
 * A port through Linux' SCSI generic devices: an initiator only, for whatever adapter there is. Each device, /dev/sgN,
 * is one logical unit of one target and gets an ID on our bus. Devices may go and come back.
 * Not here: being a target (see transport/tcmu); version 4 of the interface (bsg); direct and mmap-ed I/O.
 */

import type { Target } from '../../scsi/command.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { Window } from '../../sys/memory.ts';
import { TimerFd } from '../../sys/timer-fd.ts';
import { type Clock, realClock } from '../../time/clock.ts';
import { type InitiatorNexus, type Port, type PortListener, TransportError } from '../transport.ts';
import { type OpenSgDevice, openSgDevice } from './device.ts';
import type { SgError } from './errors.ts';
import type { NexusHost } from './nexus.ts';
import { type Retry, Seat } from './seat.ts';
import { defaultTimeouts, type SgTimeouts } from './timeouts.ts';

interface SgDevicePath {
  readonly path: string;
  /** Its ID on our bus. */
  readonly id: number;
}

export interface SgPortOptions {
  readonly bus: string;
  readonly devices: readonly SgDevicePath[];
  /** Our own ID; nobody reaches us by it. Usually -1: none. */
  readonly id?: number;
  readonly width?: number;
  /** Commands at once, per device, where it takes so many. Usually 32. */
  readonly depth?: number;
  readonly timeouts?: Partial<SgTimeouts>;
  readonly retry?: Retry;
  readonly clock?: Clock;
  /** Told why a device that should be there can't be used, when that changes. */
  readonly trouble?: (id: number, why: SgError) => void;
  /** Opens a device; usually the kernel's. */
  readonly open?: OpenSgDevice;
}

const usualDepth = 32;
const usualRetry: Retry = { first: 200, most: 10_000 };
const timerKey = 0;
const EPOLLERR = 8;
const EPOLLHUP = 16;

export class SgPort implements Port, NexusHost {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly targets = new Map<number, InitiatorNexus>();
  readonly timeouts: SgTimeouts;
  /** Never asked: a host's adapter is an initiator here. */
  target: Target | undefined;
  listener: PortListener | undefined;
  closed = false;
  readonly #options: SgPortOptions;
  readonly #clock: Clock;
  readonly #seats: readonly Seat[];
  readonly #epoll = new Epoll();
  readonly #timer = new TimerFd();
  readonly #memory: Window[] = [];
  #failing: (() => void)[] = [];
  /** When the next device that is away is looked for. */
  #due = Number.NEGATIVE_INFINITY;

  constructor(options: SgPortOptions) {
    this.#options = options;
    this.id = options.id ?? -1;
    this.width = options.width ?? 16;
    this.bus = options.bus;
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.#clock = options.clock ?? realClock;
    const retry = options.retry ?? usualRetry;
    this.#seats = options.devices.map(({ path, id }) => new Seat(id, path, retry));
    this.#epoll.add(this.#timer.fd, EPOLLIN, timerKey);
    this.#seek(this.#clock.now());
  }

  /** Why devices are not there, by ID. */
  get troubles(): ReadonlyMap<number, SgError> {
    return new Map(this.#seats.flatMap(({ id, trouble }) => (trouble ? [[id, trouble] as const] : [])));
  }

  failLater(end: () => void): void {
    this.#failing.push(end);
  }

  poll(): number {
    let done = 0;
    if (this.#failing.length > 0) {
      const failing = this.#failing;
      this.#failing = [];
      for (const end of failing) end();
      done = failing.length;
    }
    for (const seat of this.#seats) {
      if (this.closed) return done;
      done += seat.nexus?.poll() ?? 0;
      if (seat.nexus?.suspect) {
        this.#left(seat);
        done++;
      }
    }
    if (this.#due < Number.POSITIVE_INFINITY && !this.closed) done += this.#seek(this.#clock.now());
    return done;
  }

  /** Looks for devices that are away. Returns how many were found. */
  #seek(now: number): number {
    if (now < this.#due) return 0;
    this.#timer.clear();
    let found = 0;
    for (const seat of this.#seats) {
      if (seat.nexus || seat.due > now || this.closed) continue;
      found += Number(this.#tryOpen(seat, now));
    }
    this.#schedule(now);
    return found;
  }

  #tryOpen(seat: Seat, now: number): boolean {
    const { open = openSgDevice, depth = usualDepth, trouble } = this.#options;
    const watch = (fd: number) => this.#epoll.add(fd, EPOLLIN, this.#seats.indexOf(seat) + 1);
    const before = seat.trouble?.message;
    if (!seat.tryOpen(this, () => open(seat.path, depth, watch), now)) {
      if (seat.trouble && seat.trouble.message !== before) trouble?.(seat.id, seat.trouble);
      return false;
    }
    const nexus = seat.nexus as InitiatorNexus;
    this.targets.set(seat.id, nexus);
    this.listener?.appeared(nexus);
    return true;
  }

  #left(seat: Seat): void {
    const { nexus } = seat;
    if (!nexus) return;
    this.targets.delete(seat.id);
    nexus.lose('nexus-lost');
    if (this.closed) return;
    const now = this.#clock.now();
    seat.left(now);
    this.#schedule(now);
    this.listener?.vanished(nexus);
  }

  #schedule(now: number): void {
    if (this.closed) return;
    this.#due = Math.min(...this.#seats.map(({ due, nexus }) => (nexus ? Number.POSITIVE_INFINITY : due)));
    this.#timer.set(this.#due - now);
  }

  get #pending(): boolean {
    return this.#failing.length > 0 || this.#seats.some(({ nexus }) => nexus?.suspect);
  }

  /** Notes which devices were taken away, of those that epoll found; returns how many have something to do. */
  #look(events: number): number {
    let due = events;
    for (let i = 0; i < events; i++) {
      const key = this.#epoll.key(i);
      const nexus = this.#seats[key - 1]?.nexus;
      if (nexus && this.#epoll.events(i) & (EPOLLERR | EPOLLHUP)) nexus.suspect = true;
      if (key !== timerKey) continue;
      const ms = this.#due - this.#clock.now();
      if (ms <= 0) continue;
      this.#timer.clear(); // it and the clock don't agree
      this.#timer.set(ms);
      due--;
    }
    return due;
  }

  wait(timeoutMs: number): boolean {
    if (this.closed) return false;
    if (this.#pending) return true;
    return this.#look(this.#epoll.wait(Number.isFinite(timeoutMs) ? timeoutMs : -1)) > 0;
  }

  get fd(): number {
    return this.closed ? -1 : this.#epoll.fd;
  }

  arm(_completions: boolean): boolean {
    return !this.closed && !this.#pending;
  }

  disarm(ready?: number): void {
    if (ready !== 0 && !this.closed) this.#look(this.#epoll.wait(0));
  }

  allocate(bytes: number): Uint8Array {
    if (this.closed) throw new TransportError('closed', `${this.bus} is closed`);
    const window = Window.own(bytes);
    this.#memory.push(window);
    return window.bytes.subarray(0, bytes);
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.targets.clear();
    for (const { nexus } of this.#seats) nexus?.lose('closed');
    for (const window of this.#memory) window.release();
    this.#epoll[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
  }
}
