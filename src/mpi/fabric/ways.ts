/**
 * The ways that packets carry, checked against the network once and then known again: most packets take the same few. A way is
 * believed only if each hop is on one bus, no node comes twice, and the packet came over the hop that leads to us.
 */

import type { Hop, Network } from '../route/network.ts';
import { hopBytes, maxHops } from './packet.ts';

export interface Way {
  readonly hops: readonly Hop[];
  /** The hop that leads to us. */
  readonly at: number;
  readonly source: number;
  readonly target: number;
  readonly words: Int32Array;
}

/** Ways that are remembered. */
const places = 256;

export class Ways {
  readonly #network: Network;
  readonly #node: number;
  readonly #known: (Way | undefined)[] = new Array(places).fill(undefined);

  constructor(network: Network, node: number) {
    if (network.ports > 0x10000)
      throw new RangeError(`a network has at most 65536 ports, not ${network.ports}`);
    this.#network = network;
    this.#node = node;
  }

  /** The way of `count` hops at byte `at`; undefined: it is none, or does not lead to us. */
  read(view: DataView, at: number, count: number): Way | undefined {
    if (count < 1 || count > maxHops) return undefined;
    let hash = count;
    for (let i = 0; i < count; i++) hash = (Math.imul(hash, 31) + view.getInt32(at + i * hopBytes)) | 0;
    const place = ((hash ^ (hash >>> 16)) >>> 0) % places;
    const known = this.#known[place];
    if (known && this.#same(known, view, at, count)) return known;
    const way = this.#check(view, at, count);
    if (way) this.#known[place] = way;
    return way;
  }

  #same({ words }: Way, view: DataView, at: number, count: number): boolean {
    if (words.length !== count) return false;
    for (let i = 0; i < count; i++) if (words[i] !== view.getInt32(at + i * hopBytes)) return false;
    return true;
  }

  #check(view: DataView, at: number, count: number): Way | undefined {
    const network = this.#network;
    const words = Int32Array.from({ length: count }, (_, i) => view.getInt32(at + i * hopBytes));
    const hops = Array.from(words, (word): Hop => ({ from: word >>> 16, to: word & 0xffff }));
    const source = network.nodeOf(hops[0]?.from ?? -1);
    const seen = new Set([source]);
    let [last, own] = [source, -1];
    for (const [i, { from, to }] of hops.entries()) {
      const bus = network.busIndexOf(from);
      if (bus < 0 || bus !== network.busIndexOf(to) || network.nodeOf(from) !== last) return undefined;
      last = network.nodeOf(to);
      if (seen.has(last)) return undefined;
      seen.add(last);
      if (last === this.#node) own = i;
    }
    return own < 0 ? undefined : { hops, at: own, source, target: last, words };
  }
}
