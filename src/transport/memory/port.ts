/** A port on the memory bus. */

import type { Target } from '../../scsi/command.ts';
import type { InitiatorNexus, Port, PortListener } from '../transport.ts';
import { TransportError } from '../transport.ts';
import type { Errand } from './errand.ts';
import { Fifo } from './fifo.ts';
import { type End, MemoryNexus, type Parcel } from './nexus.ts';
import type { Slot } from './slot.ts';

/** What a port needs of its bus. */
export interface Fabric {
  readonly name: string;
  readonly width: number;
  /** Milliseconds from one port to another. */
  readonly latency: number;
  readonly depth: number;
  readonly now: number;
  /** Lets the bus's time pass. */
  pass(ms: number): void;
  /** Changes whenever a target comes or goes. */
  readonly version: number;
  /** Ports that can be selected, by ID. */
  readonly selectable: ReadonlyMap<number, End>;
  enter(port: MemoryPort): void;
  leave(port: MemoryPort): void;
}

export class MemoryPort implements Port, End {
  readonly id: number;
  readonly width: number;
  readonly bus: string;
  readonly fd = -1;
  target: Target | undefined;
  listener: PortListener | undefined = undefined;
  closed = false;
  readonly arrivals = new Fifo<Parcel>();
  readonly answers = new Fifo<Slot | Errand>();
  readonly #fabric: Fabric;
  readonly #targets = new Map<number, MemoryNexus>();
  /** Nexuses of which our target was told. */
  readonly #clients = new Set<MemoryNexus>();
  #entered = false;
  #version = 0;

  constructor(fabric: Fabric, id: number, target: Target | undefined) {
    this.#fabric = fabric;
    this.id = id;
    this.width = fabric.width;
    this.bus = fabric.name;
    this.target = target;
  }

  get targets(): ReadonlyMap<number, InitiatorNexus> {
    return this.#targets;
  }

  poll(): number {
    // Counted before, so that what callbacks add waits for its turn.
    let answers = this.answers.length;
    let arrivals = this.arrivals.length;
    let done = 0;
    if (this.#mustEnter) {
      this.#entered = true;
      this.#fabric.enter(this);
      done++;
    }
    while (answers-- > 0 && this.#isDue(this.answers.first())) {
      this.answers.shift()?.end();
      done++;
    }
    while (arrivals-- > 0 && this.#isDue(this.arrivals.first())) {
      this.#receive(this.arrivals.shift());
      done++;
    }
    return done + this.#look();
  }

  wait(timeoutMs: number): boolean {
    const ms = Math.max(0, this.due - this.#fabric.now);
    if (ms <= timeoutMs && ms !== Number.POSITIVE_INFINITY) {
      this.#fabric.pass(ms);
      return true;
    }
    if (timeoutMs === Number.POSITIVE_INFINITY)
      throw new RangeError(`${this.bus}:${this.id} would wait for ever: nothing is on its way to it`);
    this.#fabric.pass(timeoutMs);
    return false;
  }

  /** When poll() will have something to do next; infinity when nothing is on its way. */
  get due(): number {
    if (this.#mustEnter || this.#mustLook) return Number.NEGATIVE_INFINITY;
    const answer = this.answers.first()?.due ?? Number.POSITIVE_INFINITY;
    return Math.min(answer, this.arrivals.first()?.due ?? Number.POSITIVE_INFINITY);
  }

  arm(_completions: boolean): boolean {
    return this.due > this.#fabric.now;
  }

  disarm(): void {}

  allocate(bytes: number): Uint8Array {
    if (this.closed) throw new TransportError('closed', `${this.bus}:${this.id} is closed`);
    return new Uint8Array(bytes);
  }

  arrival(): number {
    return this.#fabric.now + this.#fabric.latency;
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.closed = true;
    this.#fabric.leave(this);
    this.arrivals.clear();
    this.answers.clear();
    const nexuses = [...this.#targets.values()];
    this.#targets.clear();
    for (const nexus of nexuses) nexus.close();
    const clients = [...this.#clients];
    this.#clients.clear();
    for (const client of clients) this.target?.nexusLost(client.identity);
  }

  get #mustEnter(): boolean {
    return !this.#entered && this.target !== undefined && !this.closed;
  }

  get #mustLook(): boolean {
    return this.#version !== this.#fabric.version && !this.closed;
  }

  #isDue(parcel: Parcel | undefined): boolean {
    return parcel !== undefined && parcel.due <= this.#fabric.now;
  }

  /** As a target: something came from an initiator. */
  #receive(parcel: Parcel | undefined): void {
    const { target } = this;
    if (!parcel) return;
    if (parcel instanceof MemoryNexus) {
      if (this.#clients.delete(parcel)) target?.nexusLost(parcel.identity);
      return;
    }
    if (!parcel.live) return;
    if (target && !this.#clients.has(parcel.owner)) {
      this.#clients.add(parcel.owner);
      target.nexusEstablished(parcel.owner.identity);
    }
    parcel.receive(target);
  }

  /** Notices targets that came and went. */
  #look(): number {
    if (!this.#mustLook) return 0;
    const { selectable, version } = this.#fabric;
    this.#version = version;
    let changes = 0;
    for (const [id, nexus] of this.#targets) {
      if (selectable.get(id) === nexus.peer) continue;
      this.#targets.delete(id);
      nexus.lose();
      this.listener?.vanished(nexus);
      changes++;
    }
    for (const [id, peer] of selectable) {
      if (this.closed) break;
      if (peer === this || this.#targets.has(id)) continue;
      const nexus = new MemoryNexus(this, peer, this.bus, this.#fabric.depth);
      this.#targets.set(id, nexus);
      this.listener?.appeared(nexus);
      changes++;
    }
    return changes;
  }
}
