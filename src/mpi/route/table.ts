/**
 * The routing table: for a pair and a message size the path with the least Σ(α + nβ). Nothing is stored per pair: trees
 * from a source are made when they are asked for, and a bounded number of them is kept.
 */

import { DeafPairs } from './deaf.ts';
import type { Hop, Network } from './network.ts';
import { Tree } from './tree.ts';

/** A path and its cost as a line over the size: alpha + n × beta. */
export interface Path {
  readonly hops: readonly Hop[];
  /** µs. */
  readonly alpha: number;
  /** µs per byte. */
  readonly beta: number;
}

/** The best path for messages of `least` bytes and more, up to the next route's `least`. */
export interface Route extends Path {
  readonly least: number;
  /** It was chosen by hand. */
  readonly fixed?: true;
}

export const costOf = ({ alpha, beta }: Path, size: number): number => alpha + size * beta;

export function pathOf(network: Network, hops: readonly Hop[]): Path {
  let [alpha, beta] = [0, 0];
  for (const { from } of hops) {
    const bus = network.busOf(from);
    alpha += bus.alpha;
    beta += bus.beta;
  }
  return { hops, alpha, beta };
}

/** Sums in another order differ in their last digits; that is no better path. */
const slack = 1 - 1e-12;
/** Numbers that trees may hold in all, and hops that routes may. */
const mostCells = 1 << 22;
const mostHops = 1 << 20;

export class Table {
  readonly network: Network;
  readonly #up: Uint8Array;
  readonly #deaf: DeafPairs;
  /** By "source size", the longest unused first. */
  readonly #trees = new Map<string, Tree>();
  readonly #pairs = new Map<number, readonly Route[]>();
  #hops = 0;
  #version = 0;
  readonly #mostTrees: number;
  readonly #leastAlpha: number;
  readonly #leastBeta: number;

  /** `up` says which ports work (default: all); the table keeps a copy. */
  constructor(network: Network, up?: Uint8Array, deaf?: DeafPairs) {
    this.network = network;
    this.#deaf = new DeafPairs(network.ports, deaf);
    this.#up = up ? Uint8Array.from(up) : new Uint8Array(network.ports).fill(1);
    const least = (key: 'alpha' | 'beta') =>
      network.buses.reduce((min, bus) => Math.min(min, bus[key]), Number.POSITIVE_INFINITY);
    this.#leastAlpha = least('alpha');
    this.#leastBeta = least('beta');
    this.#mostTrees = Math.max(8, Math.floor(mostCells / (network.nodes + 1)));
  }

  /** Grows with every change: what was found out before may be wrong then. */
  get version(): number {
    return this.#version;
  }

  isUp(port: number): boolean {
    return this.#up[port] === 1;
  }

  works({ from, to }: Hop): boolean {
    return this.isUp(from) && this.isUp(to) && !this.#deaf.has(this.network.busIndexOf(from), from, to);
  }

  /** The same, to be changed on its own; `up`: with these ports working. */
  copy(up = this.#up): Table {
    return new Table(this.network, up, this.#deaf);
  }

  /** A copy of what works, for who wants to try something. */
  get ups(): Uint8Array {
    return Uint8Array.from(this.#up);
  }

  /** A port works, or no longer: trees are mended where they touch it. */
  change(port: number, up: boolean): void {
    if (!(port >= 0 && port < this.network.ports)) throw new RangeError(`there is no port ${port}`);
    if (this.isUp(port) === up) return;
    this.#version++;
    for (const tree of this.#trees.values()) tree.finish();
    this.#up[port] = up ? 1 : 0;
    this.#pairs.clear();
    for (const tree of this.#trees.values()) {
      if (up) tree.recover(port);
      else tree.fail(port);
    }
  }

  /** Two working ports of a bus don't hear each other, or do so again. */
  deafen(one: number, other: number, deaf: boolean): void {
    if (!this.#deaf.set(this.network.busIndexOf(one), one, other, deaf)) return;
    this.#version++;
    this.#trees.clear();
    this.#pairs.clear();
  }

  /** Whether all working ports of a bus hear each other. */
  hearsAll(bus: number): boolean {
    return !this.#deaf.on(bus);
  }

  /** Whether there is a way at all. */
  reaches(source: number, target: number): boolean {
    return source === target || this.lastHop(source, target, 0) !== undefined;
  }

  /** The lower envelope of all paths' lines, by rising size; empty: there is no way. */
  routes(source: number, target: number): readonly Route[] {
    const key = source * this.network.nodes + target;
    const known = this.#pairs.get(key);
    if (known) return known;
    const made = this.#withFixed(source, target, this.#envelope(source, target));
    this.#hops += made.reduce((sum, { hops }) => sum + 1 + hops.length, 1);
    if (this.#hops > mostHops) {
      this.#pairs.clear();
      this.#hops = 0;
    }
    this.#pairs.set(key, made);
    return made;
  }

  /** The best path for a message of `size` bytes. */
  best(source: number, target: number, size: number): Route | undefined {
    return this.routes(source, target).findLast(({ least }) => least <= size);
  }

  /** The cheapest path for exactly `size` bytes, whatever was chosen by hand: less work than all sizes'. */
  cheapest(source: number, target: number, size: number): Path | undefined {
    const near = this.#neighbour(source, target);
    return near ? pathOf(this.network, [near]) : this.#at(source, target, size);
  }

  /** The last hop of the path for exactly `size` bytes: all targets' together are a tree. */
  lastHop(source: number, target: number, size: number): Hop | undefined {
    return this.#tree(source, size).lastHop(target);
  }

  /** Why there is no way: what has failed between what the source reaches and the rest: "bus:port", or "bus:port-port". */
  cut(source: number): string[] {
    const { network } = this;
    const names: string[] = [];
    network.buses.forEach(({ members }, bus) => {
      const reached = members.filter((node) => this.reaches(source, node));
      if (reached.length === 0 || reached.length === members.length) return;
      for (let port = network.firstPort(bus); port < network.firstPort(bus + 1); port++)
        if (!this.isUp(port)) names.push(network.portName(port));
      for (const [one, other] of this.#deaf.of(bus))
        if (reached.includes(network.nodeOf(one)) !== reached.includes(network.nodeOf(other)))
          names.push(`${network.portName(one)}-${network.names[network.nodeOf(other)]}`);
    });
    return names;
  }

  /** Paths chosen by hand come before those that were found, as long as they work. */
  #withFixed(source: number, target: number, found: readonly Route[]): readonly Route[] {
    const fixed = this.network.fixed
      .of(source, target)
      .filter(({ hops }) => hops.every((hop) => this.works(hop)));
    const [first] = fixed;
    if (first === undefined) return found;
    const chosen = fixed.map(
      ({ least, hops }): Route => ({ ...pathOf(this.network, hops), least, fixed: true }),
    );
    return [...found.filter(({ least }) => least < first.least), ...chosen];
  }

  /** One hop over a bus that no other betters in anything: no path is cheaper, whatever the size. */
  #neighbour(source: number, target: number): Hop | undefined {
    for (const from of this.network.portsOf(source)) {
      const { alpha, beta } = this.network.busOf(from);
      if (alpha > this.#leastAlpha || beta > this.#leastBeta || !this.isUp(from)) continue;
      const to = this.network.portOn(this.network.busIndexOf(from), target);
      if (to >= 0 && to !== from && this.works({ from, to })) return { from, to };
    }
    return undefined;
  }

  #envelope(source: number, target: number): readonly Route[] {
    const near = this.#neighbour(source, target);
    if (near) return [{ ...pathOf(this.network, [near]), least: 0 }];
    const short = this.#at(source, target, 0);
    const long = this.#at(source, target, Number.POSITIVE_INFINITY);
    if (short === undefined || long === undefined) return [];
    const found: Route[] = [{ ...short, least: 0 }];
    this.#between(source, target, short, long, found);
    return found;
  }

  /** Adds the routes after `short` up to `long`: if neither is beaten where they cross, nothing lies between. */
  #between(source: number, target: number, short: Path, long: Path, found: Route[]): void {
    if (long.beta >= short.beta * slack) return;
    const crossing = Math.max(0, (long.alpha - short.alpha) / (short.beta - long.beta));
    const middle = this.#at(source, target, crossing);
    if (middle && costOf(middle, crossing) < costOf(short, crossing) * slack) {
      this.#between(source, target, short, middle, found);
      this.#between(source, target, middle, long, found);
    } else found.push({ ...long, least: Math.ceil(crossing) });
  }

  #at(source: number, target: number, size: number): Path | undefined {
    const hops = this.#tree(source, size).path(target);
    return hops && pathOf(this.network, hops);
  }

  #tree(source: number, size: number): Tree {
    const key = `${source} ${size}`;
    const tree = this.#trees.get(key) ?? new Tree(this.network, this.#up, this.#deaf, source, size);
    this.#trees.delete(key);
    this.#trees.set(key, tree);
    if (this.#trees.size > this.#mostTrees) {
      const [oldest] = this.#trees.keys();
      if (oldest !== undefined) this.#trees.delete(oldest);
    }
    return tree;
  }
}
