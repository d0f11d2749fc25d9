/**
 * A bus in one process, on a clock that stands still until it is moved: the same calls give the same result, always.
 * For tests, examples and simulation. Not here: bandwidth; everything takes the same `latency`, whatever its size.
 * Data-out reaches the target by reference, data-in is copied into the initiator's memory.
 */

import type { Target } from '../../scsi/command.ts';
import { VirtualClock } from '../../time/clock.ts';
import type { Port } from '../transport.ts';
import { type Fabric, MemoryPort } from './port.ts';

/** How a memory bus is set up; all have defaults. */
export interface MemoryBusOptions {
  readonly name?: string;
  /** IDs on the bus. */
  readonly width?: number;
  /** Milliseconds of virtual time that a command takes to its target, and its answer back. */
  readonly latency?: number;
  /** Commands outstanding at once, per nexus. */
  readonly depth?: number;
  readonly clock?: VirtualClock;
}

export class MemoryBus {
  readonly name: string;
  readonly width: number;
  readonly clock: VirtualClock;
  readonly #ports: (MemoryPort | undefined)[];
  readonly #fabric: Fabric;

  constructor(options: MemoryBusOptions = {}) {
    const { name = 'memory', width = 8, latency = 0, depth = 64, clock = new VirtualClock() } = options;
    if (!Number.isInteger(width) || width < 1 || width > 256)
      throw new RangeError(`bus ${name}: width must be 1 to 256, not ${width}`);
    if (!Number.isInteger(depth) || depth < 1)
      throw new RangeError(`bus ${name}: depth must be 1 or more, not ${depth}`);
    if (!(latency >= 0 && latency < Number.POSITIVE_INFINITY))
      throw new RangeError(`bus ${name}: latency must be 0 ms or more, not ${latency}`);
    this.name = name;
    this.width = width;
    this.clock = clock;
    this.#ports = new Array(width).fill(undefined);
    const selectable = new Map<number, MemoryPort>();
    let version = 0;
    this.#fabric = {
      name,
      width,
      latency,
      depth,
      selectable,
      get now() {
        return clock.now();
      },
      get version() {
        return version;
      },
      pass: (ms) => clock.advance(ms),
      enter: (port) => {
        selectable.set(port.id, port);
        version++;
      },
      leave: (port) => {
        this.#ports[port.id] = undefined;
        if (selectable.delete(port.id)) version++;
      },
    };
  }

  /** Claims an ID. Others see a target there from the port's first poll on. @throws RangeError when taken or not on the bus. */
  attach(id: number, options: { readonly target?: Target | undefined } = {}): Port {
    if (!Number.isInteger(id) || id < 0 || id >= this.width)
      throw new RangeError(`bus ${this.name}: IDs run from 0 to ${this.width - 1}, not ${id}`);
    if (this.#ports[id]) throw new RangeError(`bus ${this.name}: ID ${id} is taken`);
    const port = new MemoryPort(this.#fabric, id, options.target);
    this.#ports[id] = port;
    return port;
  }

  /**
   * One round: polls every port, in order of ID; when none has anything to do, moves the clock on to what comes next
   * and polls again. Returns how much was done; 0: nothing is on its way.
   */
  poll(): number {
    const done = this.#round();
    if (done > 0) return done;
    let next = Number.POSITIVE_INFINITY;
    for (const port of this.#ports) if (port) next = Math.min(next, port.due);
    if (next === Number.POSITIVE_INFINITY) return 0;
    this.clock.advance(Math.max(0, next - this.clock.now()));
    return this.#round();
  }

  #round(): number {
    let done = 0;
    for (let id = 0; id < this.width; id++) done += this.#ports[id]?.poll() ?? 0;
    return done;
  }
}
