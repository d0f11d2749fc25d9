/**
 * Linux' sg driver played in this process, over the memory bus: headers are taken, and given back when their commands
 * have ended, as linux/drivers/scsi/sg.c does. So SgPort is tested where there is no SCSI.
 */

import { closeSync, readSync, writeSync } from 'node:fs';
import type { Target } from '../src/scsi/command.ts';
import { makeEventFd } from '../src/sys/files.ts';
import { SgIoHeader } from '../src/sys/sg.ts';
import { MemoryBus } from '../src/transport/memory/bus.ts';
import { Next, type SgDevice } from '../src/transport/sg/device.ts';
import { SgPort } from '../src/transport/sg/port.ts';
import type { Slot } from '../src/transport/sg/slot.ts';
import type { SgTimeouts } from '../src/transport/sg/timeouts.ts';
import { HostStatus } from '../src/transport/sg/verdict.ts';
import { Task, type TransportFault } from '../src/transport/task.ts';
import type { InitiatorNexus, Port } from '../src/transport/transport.ts';
import type { Lacks } from './abilities.ts';
import type { JoinOptions, TransportHarness } from './transport.ts';

const hostStatuses: Readonly<Record<TransportFault, number>> = {
  'selection-timeout': HostStatus.noConnect,
  'nexus-lost': HostStatus.noConnect,
  closed: HostStatus.noConnect,
  aborted: HostStatus.abort,
  'too-large': HostStatus.error,
  protocol: HostStatus.error,
};

/** A command that the driver has. */
class Taken {
  readonly task = new Task();
  readonly slot: Slot;
  readonly packId: number;
  readonly due: number;
  /** Set: how it ended, beside its task. */
  hostStatus: number | undefined;

  constructor(slot: Slot, now: number) {
    this.slot = slot;
    this.packId = slot.packId;
    this.due = now + slot.header.timeoutMs;
    const { header, task } = slot;
    this.task.setCdb(slot.cdb.slice(0, header.cdbLength));
    const { dataOut, dataOutOffset, dataOutLength } = task as Task;
    // The driver copies it out of the caller's memory before write() returns.
    if (dataOutLength > 0) this.task.setDataOut(dataOut.slice(dataOutOffset, dataOutOffset + dataOutLength));
    else this.task.setDataIn(new Uint8Array(header.dataLength));
  }
}

/** One open device. */
export class FakeSgDevice implements SgDevice {
  readonly maxTransfer: number;
  readonly depth: number;
  readonly lun = 0;
  readonly answer = SgIoHeader.over(new Uint8Array(SgIoHeader.size));
  /** What write() says next, once: an errno. */
  refuse = 0;
  readonly #nexus: InitiatorNexus;
  readonly #now: () => number;
  readonly #event = makeEventFd();
  /** In the order of their start, which is the order in which they are found. */
  #taken: Taken[] = [];
  #closed = false;

  constructor(nexus: InitiatorNexus, depth: number, now: () => number, watch: (fd: number) => void) {
    this.#nexus = nexus;
    this.depth = Math.min(depth, nexus.limits.maxQueued);
    this.maxTransfer = nexus.limits.maxDataIn;
    this.#now = now;
    watch(this.#event);
  }

  start(slot: Slot): number {
    const code = this.refuse;
    this.refuse = 0;
    if (code) return code;
    const taken = new Taken(slot, this.#now());
    taken.task.done = ({ fault }) => {
      taken.hostStatus ??= fault ? hostStatuses[fault] : HostStatus.ok;
      this.#ring();
    };
    if (!this.#nexus.submit(taken.task)) return 11; // EAGAIN
    this.#taken.push(taken);
    return 0;
  }

  #ring(): void {
    if (!this.#closed) writeSync(this.#event, new Uint8Array(new BigUint64Array([1n]).buffer));
  }

  /** The kernel's error handling: commands whose time is over end, and the target is told. */
  expire(): void {
    for (const taken of this.#taken) {
      if (taken.hostStatus !== undefined || this.#now() < taken.due) continue;
      taken.hostStatus = HostStatus.timeOut;
      this.#nexus.abort(taken.task);
      this.#ring();
    }
  }

  next(): number {
    const taken = this.#taken.find(({ hostStatus }) => hostStatus !== undefined);
    if (!taken) {
      this.#quiet();
      return Next.none; // as the kernel does, though the device may have gone
    }
    this.#taken = this.#taken.filter((one) => one !== taken);
    const { task, slot, packId, hostStatus = 0 } = taken;
    Object.assign(this.answer, {
      packId,
      hostStatus,
      driverStatus: 0,
      status: 0,
      senseLength: 0,
      residual: 0,
    });
    if (hostStatus !== HostStatus.ok) return packId;
    this.answer.status = task.status;
    this.answer.senseLength = task.senseLength;
    this.answer.residual = task.residual >>> 0;
    slot.sense.set(task.sense.subarray(0, task.senseLength));
    slot.dataIn.set(task.dataIn.subarray(0, task.dataInTransferred));
    return packId;
  }

  #quiet(): void {
    try {
      readSync(this.#event, new Uint8Array(8));
    } catch {
      // EAGAIN: it was quiet
    }
  }

  hungUp(): boolean {
    return !this.#nexus.alive;
  }

  async reset(): Promise<boolean> {
    return false;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    closeSync(this.#event);
  }
}

const lacks: Lacks = {
  'both directions': 'a command has one data phase',
  'logical units': 'a device is one logical unit',
  attributes: 'the kernel gives every command the attribute SIMPLE',
  residuals: 'a residual can’t say that there was more',
  'order of answers': 'the driver gives what has ended in the order of submission',
  abort: 'the kernel can’t take back one command',
  'task management': 'the kernel offers resets alone',
  'leaving initiators': 'the initiator is the kernel, which stays',
};

const adapterId = 0;

/** A bus with an adapter on it, and a port that uses the adapter through the driver; every ID of the bus is a path. */
export class SgLab implements TransportHarness {
  readonly lacks = lacks;
  readonly bus = new MemoryBus({ name: 'sg' });
  readonly devices = new Map<number, FakeSgDevice>();
  readonly #ports: Port[] = [];
  readonly #adapter: Port = this.bus.attach(adapterId);
  readonly target: Port;
  readonly initiator: SgPort;
  readonly nexus: InitiatorNexus;

  constructor(target: Target, timeouts: Partial<SgTimeouts> = {}) {
    this.target = this.#attach(1, target);
    for (let i = 0; i < 3; i++) this.drive();
    this.initiator = new SgPort({
      bus: 'sg',
      devices: Array.from({ length: this.bus.width - 1 }, (_, i) => ({ path: `/dev/sg${i + 1}`, id: i + 1 })),
      width: this.bus.width,
      depth: 40,
      timeouts,
      retry: { first: 1, most: 8 },
      clock: this.bus.clock,
      open: (path, depth, watch) => this.#open(Number(path.slice('/dev/sg'.length)), depth, watch),
    });
    this.#ports.push(this.initiator);
    this.nexus = this.initiator.targets.get(1) as InitiatorNexus;
  }

  #open(id: number, depth: number, watch: (fd: number) => void): FakeSgDevice {
    const nexus = this.#adapter.targets.get(id);
    if (!nexus) throw Object.assign(new Error(`ENXIO: no target ${id}`), { code: 'ENXIO' });
    const device = new FakeSgDevice(nexus, depth, () => this.bus.clock.now(), watch);
    this.devices.set(id, device);
    return device;
  }

  /** Whatever the target answers arrives at the adapter by itself. */
  #attach(id: number, target: Target | undefined): Port {
    const port = this.bus.attach(id);
    port.target = target;
    const poll = port.poll.bind(port);
    port.poll = () => poll() + this.#adapter.poll();
    this.#ports.push(port);
    return port;
  }

  join({ id = 2, target }: JoinOptions): Port {
    return this.#attach(id, target);
  }

  drive(): void {
    let done = this.#adapter.poll();
    for (const device of this.devices.values()) device.expire();
    for (const port of this.#ports) done += port.poll();
    if (done === 0) this.bus.clock.advance(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const port of this.#ports) port[Symbol.dispose]();
    this.#adapter[Symbol.dispose]();
  }
}
