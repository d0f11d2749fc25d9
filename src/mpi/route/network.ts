/**
 * Nodes and buses: what the routing table is made from. A bus joins the nodes that have a port on it; a link between two
 * nodes, such as an iSCSI session, is a bus of two. Several buses may join the same nodes.
 */

import { FixedPaths } from './fixed.ts';

/** What one hop over a bus costs: alpha + bytes × beta. */
export interface Bus {
  readonly name: string;
  /** What carries it: "shm", "iscsi" … */
  readonly carrier: string;
  /** Latency, µs; more than 0. */
  readonly alpha: number;
  /** Inverse bandwidth, µs per byte; 0 or more. */
  readonly beta: number;
  /** One transfer at a time, as on a parallel bus; else each port sends and receives one at a time. */
  readonly shared: boolean;
  /** Indexes of nodes. */
  readonly members: readonly number[];
}

/** One step of a path: from a port to another on the same bus. */
export interface Hop {
  readonly from: number;
  readonly to: number;
}

/** A path chosen by hand: the bus of each step, and the node that it leads to. */
export interface StepPath {
  readonly source: number;
  readonly target: number;
  readonly least: number;
  readonly steps: readonly { readonly bus: number; readonly node: number }[];
}

/** Ports are numbered bus by bus, so a bus's ports lie side by side. */
export class Network {
  readonly names: readonly string[];
  readonly buses: readonly Bus[];
  readonly ports: number;
  readonly fixed: FixedPaths;
  readonly #node: Int32Array;
  readonly #bus: Int32Array;
  readonly #firstOfBus: Int32Array;
  readonly #portsOfNode: Int32Array[];
  readonly #transit: Uint8Array | undefined;

  /**
   * `transit`: 1 for each node that ways may lead through; all of them if it is left out. `steps`: paths chosen by hand.
   * @throws RangeError if a bus is impossible, or a path
   */
  constructor(
    names: readonly string[],
    buses: readonly Bus[],
    transit?: Uint8Array,
    steps: readonly StepPath[] = [],
  ) {
    if (transit && transit.length !== names.length)
      throw new RangeError(`transit has ${transit.length} entries for ${names.length} nodes`);
    this.#transit = transit && Uint8Array.from(transit);
    this.names = names;
    this.buses = buses;
    this.ports = buses.reduce((sum, { members }) => sum + members.length, 0);
    this.#node = new Int32Array(this.ports);
    this.#bus = new Int32Array(this.ports);
    this.#firstOfBus = new Int32Array(buses.length + 1);
    const lists = names.map((): number[] => []);
    let port = 0;
    buses.forEach((bus, index) => {
      checkBus(bus, names.length);
      this.#firstOfBus[index] = port;
      for (const node of bus.members) {
        this.#node[port] = node;
        this.#bus[port] = index;
        lists[node]?.push(port++);
      }
    });
    this.#firstOfBus[buses.length] = port;
    this.#portsOfNode = lists.map((list) => Int32Array.from(list));
    this.fixed = new FixedPaths(steps.map((path) => ({ ...path, hops: this.#hops(path) })));
  }

  #hops({ source, target, steps }: StepPath): Hop[] {
    let at = source;
    const hops = steps.map(({ bus, node }) => {
      const hop = { from: this.portOn(bus, at), to: this.portOn(bus, node) };
      if (hop.from < 0 || hop.to < 0 || (node !== target && !this.passes(node)))
        throw new RangeError(
          `a path from ${this.names[source]} to ${this.names[target]} can't lead by ${this.names[node]}`,
        );
      at = node;
      return hop;
    });
    if (at === target && hops.length > 0) return hops;
    throw new RangeError(`a path from ${this.names[source]} to ${this.names[target]} ends elsewhere`);
  }

  get nodes(): number {
    return this.names.length;
  }

  /** Whether ways between others may lead through this node. */
  passes(node: number): boolean {
    return this.#transit === undefined || this.#transit[node] === 1;
  }

  nodeOf(port: number): number {
    return this.#node[port] ?? -1;
  }

  busIndexOf(port: number): number {
    return this.#bus[port] ?? -1;
  }

  /** @throws RangeError if there is no such port */
  busOf(port: number): Bus {
    const bus = this.buses[this.busIndexOf(port)];
    if (bus === undefined) throw new RangeError(`there is no port ${port}`);
    return bus;
  }

  portsOf(node: number): Int32Array {
    return this.#portsOfNode[node] ?? new Int32Array(0);
  }

  firstPort(bus: number): number {
    return this.#firstOfBus[bus] ?? this.ports;
  }

  /** The node's port on that bus, or -1. */
  portOn(bus: number, node: number): number {
    return this.portsOf(node).find((port) => this.#bus[port] === bus) ?? -1;
  }

  /** "rack1:alpha", for messages. */
  portName(port: number): string {
    return `${this.busOf(port).name}:${this.names[this.nodeOf(port)] ?? '?'}`;
  }
}

function checkBus({ name, alpha, beta, members }: Bus, nodes: number): void {
  if (!(alpha > 0 && Number.isFinite(alpha)))
    throw new RangeError(`bus ${name}: alpha ${alpha} is not above 0`);
  if (!(beta >= 0 && Number.isFinite(beta))) throw new RangeError(`bus ${name}: beta ${beta} is below 0`);
  if (new Set(members).size !== members.length)
    throw new RangeError(`bus ${name}: a node has two ports on it`);
  if (members.some((node) => !(node >= 0 && node < nodes)))
    throw new RangeError(`bus ${name}: a member is no node`);
}
