/**
 * The cheapest paths from one node to all others for one message size (Dijkstra 1959), kept right when a port fails or
 * recovers by looking at the changed part alone (after Ramalingam and Reps 1996).
 */

import type { DeafPairs } from './deaf.ts';
import { Heap } from './heap.ts';
import type { Bus, Hop, Network } from './network.ts';

/** Weights of a hop in order of precedence. Size 0 asks for the least latency, Infinity for the most bandwidth. */
function weights({ alpha, beta }: Bus, size: number): readonly [number, number] {
  if (size === Number.POSITIVE_INFINITY) return [beta, alpha];
  return [alpha + size * beta, beta];
}

const far = Number.POSITIVE_INFINITY;

export class Tree {
  readonly #network: Network;
  /** 1: the port works. Shared with the table, which changes it. */
  readonly #up: Uint8Array;
  /** Shared too; trees are made anew when it changes. */
  readonly #deaf: DeafPairs;
  readonly #source: number;
  /** Two for each bus. */
  readonly #weights: Float64Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  /** The ports by which the last hop leaves its node and reaches this one, or -1. */
  readonly #from: Int32Array;
  readonly #into: Int32Array;
  readonly #heap = new Heap();
  /** 1: no cheaper path can come. Found only as far as it was asked for: near targets are found soon. */
  readonly #final: Uint8Array;
  /** 1: the bus was spread over in this round. */
  readonly #spread: Uint8Array;

  constructor(network: Network, up: Uint8Array, deaf: DeafPairs, source: number, size: number) {
    this.#network = network;
    this.#up = up;
    this.#deaf = deaf;
    this.#source = source;
    this.#weights = Float64Array.from(network.buses.flatMap((bus) => weights(bus, size)));
    this.#first = new Float64Array(network.nodes).fill(far);
    this.#second = new Float64Array(network.nodes).fill(far);
    this.#from = new Int32Array(network.nodes).fill(-1);
    this.#into = new Int32Array(network.nodes).fill(-1);
    this.#final = new Uint8Array(network.nodes);
    this.#spread = new Uint8Array(network.buses.length);
    this.#relax(source, 0, 0, -1, -1);
  }

  /** Hops from the source, or undefined if there is no way. */
  path(node: number): Hop[] | undefined {
    this.#settle(node);
    if (this.#first[node] === far) return undefined;
    const hops: Hop[] = [];
    for (let at = node; at !== this.#source; ) {
      const from = this.#from[at] ?? -1;
      hops.push({ from, to: this.#into[at] ?? -1 });
      at = this.#network.nodeOf(from);
    }
    return hops.reverse();
  }

  /** By which the node is reached, or undefined. */
  lastHop(node: number): Hop | undefined {
    this.#settle(node);
    const from = this.#from[node] ?? -1;
    return from < 0 ? undefined : { from, to: this.#into[node] ?? -1 };
  }

  /** Finds all paths: to be done before a port changes. */
  finish(): void {
    this.#settle();
  }

  /** The port has just failed. */
  fail(port: number): void {
    const touched = this.#below(this.#hangingOn(port));
    if (touched.size === 0) return;
    const buses = new Set<number>();
    for (const node of touched) {
      this.#first[node] = this.#second[node] = far;
      this.#from[node] = this.#into[node] = -1;
      for (const each of this.#network.portsOf(node)) buses.add(this.#network.busIndexOf(each));
    }
    this.#spread.fill(0);
    for (const bus of buses) this.#offerOn(bus);
    this.#settle();
  }

  /** The port has just recovered. */
  recover(port: number): void {
    this.#spread.fill(0);
    this.#offerOn(this.#network.busIndexOf(port));
    this.#settle();
  }

  /** Nodes whose last hop uses the port. */
  #hangingOn(port: number): number[] {
    const bus = this.#network.busIndexOf(port);
    const found: number[] = [];
    for (let each = this.#network.firstPort(bus); each < this.#network.firstPort(bus + 1); each++) {
      const node = this.#network.nodeOf(each);
      if (this.#from[node] === port || this.#into[node] === port) found.push(node);
    }
    return found;
  }

  /** These nodes and all that are reached through them. */
  #below(roots: readonly number[]): Set<number> {
    const touched = new Set(roots);
    if (touched.size === 0) return touched;
    const children = new Map<number, number[]>();
    this.#from.forEach((from, node) => {
      if (from < 0) return;
      const parent = this.#network.nodeOf(from);
      const list = children.get(parent);
      if (list) list.push(node);
      else children.set(parent, [node]);
    });
    for (const node of touched) for (const child of children.get(node) ?? []) touched.add(child);
    return touched;
  }

  /** Offers what its members can to all on the bus. Where not all hear each other, the nearest does not do. */
  #offerOn(bus: number): void {
    if (!this.#deaf.on(bus)) {
      this.#offer(this.#nearestPort(bus));
      return;
    }
    for (let port = this.#network.firstPort(bus); port < this.#network.firstPort(bus + 1); port++)
      if (this.#up[port] === 1 && this.#leads(this.#network.nodeOf(port))) this.#offer(port);
  }

  /** Whether ways go on from this node. */
  #leads(node: number): boolean {
    return node === this.#source || this.#network.passes(node);
  }

  /** The working port on the bus whose node is nearest, or -1: all its others are reached best from there. */
  #nearestPort(bus: number): number {
    let best = -1;
    let [first, second] = [far, far];
    for (let port = this.#network.firstPort(bus); port < this.#network.firstPort(bus + 1); port++) {
      if (this.#up[port] !== 1) continue;
      const node = this.#network.nodeOf(port);
      if (!this.#leads(node)) continue;
      const [one, two] = [this.#first[node] ?? far, this.#second[node] ?? far];
      if (one < first || (one === first && two < second)) [best, first, second] = [port, one, two];
    }
    return best;
  }

  /** Offers the way through this port to all on its bus. */
  #offer(port: number): void {
    if (port < 0) return;
    const node = this.#network.nodeOf(port);
    const bus = this.#network.busIndexOf(port);
    const first = (this.#first[node] ?? far) + (this.#weights[2 * bus] ?? far);
    const second = (this.#second[node] ?? far) + (this.#weights[2 * bus + 1] ?? far);
    const deaf = this.#deaf.on(bus);
    for (let each = this.#network.firstPort(bus); each < this.#network.firstPort(bus + 1); each++)
      if (this.#up[each] === 1 && each !== port && !(deaf && this.#deaf.has(bus, port, each)))
        this.#relax(this.#network.nodeOf(each), first, second, port, each);
  }

  #relax(node: number, first: number, second: number, from: number, into: number): void {
    const known = this.#first[node] ?? far;
    if (first > known || (first === known && second >= (this.#second[node] ?? far))) return;
    this.#first[node] = first;
    this.#second[node] = second;
    this.#from[node] = from;
    this.#into[node] = into;
    this.#heap.push(first, second, node);
  }

  /**
   * Goes on until the node's path is final, or all are. A bus is spread over once, from its nearest member: no other can
   * offer less. So a bus of k costs k, not k². Where some don't hear each other each member spreads.
   */
  #settle(until = -1): void {
    const least = { first: 0, second: 0, node: 0 };
    while (this.#final[until] !== 1 && this.#heap.pop(least)) {
      const { first, second, node } = least;
      if (first !== this.#first[node] || second !== this.#second[node]) continue;
      this.#final[node] = 1;
      if (!this.#leads(node)) continue;
      for (const port of this.#network.portsOf(node)) {
        const bus = this.#network.busIndexOf(port);
        if (this.#up[port] !== 1 || (this.#spread[bus] === 1 && !this.#deaf.on(bus))) continue;
        this.#spread[bus] = 1;
        this.#offer(port);
      }
    }
  }
}
