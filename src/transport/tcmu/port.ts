/**
 * A target port made of user-backed devices of Linux's target core (LIO, TCMU), one for each initiator that is expected.
 * Whatever fabric LIO knows brings their commands. Not here: being an initiator; that is the sg transport's part.
 *
 * What the kernel does not tell: who an initiator is and when it comes or goes, the LUN, the task attribute, the direction
 * of the data. What it can't be told: a residual of data-out, an overflow, "no data-in", sense data beyond 96 bytes.
 */

import type { Target } from '../../scsi/command.ts';
import { EPOLLIN, Epoll } from '../../sys/epoll.ts';
import { Window } from '../../sys/memory.ts';
import { TimerFd } from '../../sys/timer-fd.ts';
import type { Clock } from '../../time/clock.ts';
import { type InitiatorNexus, type Port, type PortListener, TransportError } from '../transport.ts';
import type { DeviceCounters, TcmuDevice } from './device.ts';

/** What stands behind the devices: configfs, or a test. */
export interface Backing {
  /** Readable once the fabric has been set up, or could not be; -1 where there is none. */
  readonly fd: number;
  /** The first poll: the target is ready, initiators may be let in. */
  begin(): void;
  /** Undefined while the fabric is being set up. Asked until it says something. */
  settled(): { readonly failure: string | undefined } | undefined;
  /** A ring made no sense: begins it anew, answering what was outstanding. */
  resetRing(device: TcmuDevice): void;
  /** A device was removed by somebody else: lets go of its map and its bell. */
  lost(device: TcmuDevice): void;
  /** No more commands; those outstanding are ended by the kernel. Then everything is taken away. */
  end(): void;
}

export interface TcmuPortParts {
  readonly bus: string;
  readonly id: number;
  readonly width: number;
  readonly devices: readonly TcmuDevice[];
  readonly backing: Backing;
  readonly clock: Clock;
  /** Milliseconds for which a target may hold a command. */
  readonly patience: number;
}

const none: ReadonlyMap<number, InitiatorNexus> = new Map();

export class TcmuPort implements Port {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly targets = none;
  listener: PortListener | undefined;
  readonly devices: readonly TcmuDevice[];
  readonly fds: readonly number[];
  readonly #backing: Backing;
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #timer = new TimerFd();
  readonly #epoll = new Epoll();
  readonly #memory: Window[] = [];
  #target: Target | undefined;
  #alarm = Number.POSITIVE_INFINITY;
  #begun = false;
  #closed = false;
  /** Can initiators reach us? */
  fabric: 'pending' | 'up' | 'failed' = 'pending';
  /** Why the fabric could not be set up, or what became of it. */
  failure: string | undefined;
  /** Told of that; called from poll() and arm(). */
  onFailure: (failure: string) => void = () => undefined;

  constructor(parts: TcmuPortParts) {
    this.bus = parts.bus;
    this.id = parts.id;
    this.width = parts.width;
    this.devices = parts.devices;
    this.#backing = parts.backing;
    this.#clock = parts.clock;
    this.#patience = parts.patience;
    this.fds = [this.#timer.fd, ...parts.devices.map(({ bell }) => bell.fd), parts.backing.fd];
    for (const fd of this.fds) if (fd >= 0) this.#epoll.add(fd, EPOLLIN, fd);
  }

  get fd(): number {
    return this.#closed ? -1 : this.#epoll.fd;
  }

  get target(): Target | undefined {
    return this.#target;
  }

  set target(target: Target | undefined) {
    this.#target = target;
    for (const device of this.devices) device.target = target;
  }

  /** What all devices counted. */
  get counters(): Readonly<DeviceCounters> {
    const sum: DeviceCounters = { commands: 0, taskManagement: 0, malformed: 0, outOfTime: 0, resets: 0 };
    for (const { counters } of this.devices)
      for (const name of Object.keys(sum) as (keyof DeviceCounters)[]) sum[name] += counters[name];
    return sum;
  }

  poll(): number {
    if (this.#closed) return 0;
    if (!this.#begun) {
      this.#begun = true;
      this.#backing.begin();
    }
    let done = this.fabric === 'pending' ? this.#settle() : 0;
    const now = this.#earliest() === Number.POSITIVE_INFINITY && !this.#pending() ? -1 : this.#clock.now();
    if (now < 0) return done;
    for (const device of this.devices) if (!device.closed) done += this.#serve(device, now);
    return done;
  }

  #serve(device: TcmuDevice, now: number): number {
    let done = device.serve(now);
    if (device.ring.broken !== undefined && !this.#closed) {
      this.#backing.resetRing(device);
      done++;
    }
    return done + device.expire(now - this.#patience);
  }

  /** Somebody took the device away. The others go on. */
  #lose(device: TcmuDevice): void {
    device.close();
    this.#backing.lost(device);
    this.#fail(`the device of ${device.name} was removed`);
  }

  #fail(failure: string): void {
    this.fabric = 'failed';
    this.failure = failure;
    this.onFailure(failure);
  }

  #settle(): number {
    const result = this.#backing.settled();
    if (!result) return 0;
    if (result.failure === undefined) this.fabric = 'up';
    else this.#fail(result.failure);
    return 1;
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const device of this.devices) earliest = Math.min(earliest, device.oldest);
    return earliest;
  }

  #pending(): boolean {
    for (const device of this.devices)
      if (!device.closed && (device.ring.pending || device.ring.broken !== undefined)) return true;
    return false;
  }

  arm(_completions: boolean): boolean {
    if (this.#closed || this.#pending()) return false;
    for (const device of this.devices) if (!device.closed && !device.bell.clear()) this.#lose(device);
    if (this.#pending()) return false;
    const alarm = this.#earliest() + this.#patience;
    if (alarm !== this.#alarm) {
      this.#alarm = alarm;
      this.#timer.clear();
      this.#timer.set(alarm - this.#clock.now());
    }
    return true;
  }

  /** A bell is silenced, and the timer set, when we go to sleep again. */
  disarm(): void {}

  wait(timeoutMs: number): boolean {
    if (!this.arm(false)) return !this.#closed;
    return this.#epoll.wait(Number.isFinite(timeoutMs) ? timeoutMs : -1) > 0;
  }

  allocate(bytes: number): Uint8Array {
    if (this.#closed) throw new TransportError('closed', `${this.bus}:${this.id} is closed`);
    const window = Window.own(bytes); // the interface reads frames into it by system call
    this.#memory.push(window);
    return window.bytes.subarray(0, bytes);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const device of this.devices) device.close();
    this.#epoll[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
    this.#backing.end();
    for (const window of this.#memory) window.release();
  }
}
