/** SCSI-level round trips, timed: a series of commands to one target, one after another, without an IP stack. */

import { Status } from '../scsi/status.ts';
import type { Clock } from '../time/clock.ts';
import { Task } from '../transport/task.ts';
import type { Port } from '../transport/transport.ts';
import type { PingResult } from './host.ts';

/** A series, as asked for. */
export interface PingRequest {
  readonly target: number;
  readonly count: number;
  readonly intervalMs: number;
  /** Bytes through the echo buffer; 0: TEST UNIT READY. */
  readonly bytes: number;
}

/** No answer within this time counts as lost. */
const patienceMs = 1000;
const echoMode = 0x0a;

function writeEcho(task: Task, data: Uint8Array): void {
  task.setCdb(Uint8Array.of(0x3b, echoMode, 0, 0, 0, 0, 0, data.length >>> 8, data.length, 0));
  task.setDataOut(data).setDataIn(new Uint8Array(0));
}

function readEcho(task: Task, into: Uint8Array): void {
  task.setCdb(Uint8Array.of(0x3c, echoMode, 0, 0, 0, 0, 0, into.length >>> 8, into.length, 0));
  task.setDataOut(new Uint8Array(0)).setDataIn(into);
}

/** One series at a time; poll() it. */
export class Pinger {
  readonly #port: Port;
  readonly #clock: Clock;
  readonly #request: PingRequest;
  readonly #lun: number;
  readonly #finish: (result: PingResult) => void;
  readonly #roundTripsUs: number[] = [];
  #task = new Task();
  readonly #pattern: Uint8Array;
  #sent = 0;
  #startedAt = 0;
  #nextAt: number;
  #flying = false;
  #finished = false;

  constructor(
    port: Port,
    clock: Clock,
    lun: number,
    request: PingRequest,
    finish: (result: PingResult) => void,
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#lun = lun;
    this.#request = request;
    this.#finish = finish;
    this.#nextAt = clock.now();
    this.#pattern = Uint8Array.from({ length: request.bytes }, (_, i) => i);
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Sends what is due; returns when it wants to be called again. */
  poll(now: number): number {
    if (this.#finished) return Number.POSITIVE_INFINITY;
    if (this.#flying && now >= this.#startedAt + patienceMs) this.#giveUp();
    if (!this.#flying && now >= this.#nextAt) {
      if (this.#sent >= this.#request.count) return this.#end();
      this.#send(now);
    }
    return this.#flying ? this.#startedAt + patienceMs : this.#nextAt;
  }

  #send(now: number): void {
    const { target, bytes, intervalMs } = this.#request;
    this.#sent++;
    this.#nextAt = this.#sent < this.#request.count ? now + intervalMs : now;
    this.#startedAt = now;
    const nexus = this.#port.targets.get(target);
    if (!nexus) return;
    const task = this.#task;
    task.lun = this.#lun;
    if (bytes > 0) writeEcho(task, this.#pattern);
    else task.setCdb(new Uint8Array(6));
    task.done = () => (bytes > 0 ? this.#readBack() : this.#arrived());
    this.#startedAt = this.#clock.now();
    this.#flying = nexus.submit(task);
    nexus.kick();
  }

  /** The second half of an echo: the same bytes must come back. */
  #readBack(): void {
    const nexus = this.#port.targets.get(this.#request.target);
    if (!nexus || this.#task.fault || this.#task.status !== Status.good) {
      this.#flying = false;
      return;
    }
    const back = new Uint8Array(this.#pattern.length);
    readEcho(this.#task, back);
    this.#task.done = () => this.#arrived(back);
    this.#flying = nexus.submit(this.#task);
    nexus.kick();
  }

  #arrived(back?: Uint8Array): void {
    this.#flying = false;
    if (this.#task.fault) return;
    const same = !back || back.every((byte, i) => byte === this.#pattern[i]);
    if (same) this.#roundTripsUs.push((this.#clock.now() - this.#startedAt) * 1000);
  }

  /** The task may end later, or never: the next command gets one of its own. */
  #giveUp(): void {
    this.#flying = false;
    const late = this.#task;
    this.#task = new Task();
    late.done = () => undefined;
    this.#port.targets.get(this.#request.target)?.abort(late);
  }

  #end(): number {
    this.#finished = true;
    this.#finish({ sent: this.#sent, received: this.#roundTripsUs.length, roundTripsUs: this.#roundTripsUs });
    return Number.POSITIVE_INFINITY;
  }
}
