/**
 * Who hears whom, flooded with sequence numbers as OSPF does (RFC 2328 §13). A port counts as working if its owner says
 * so and another on the bus hears it: so a node that died without a word is known as well.
 */

import type { Network } from './network.ts';
import type { Advert } from './packet.ts';

export class LinkState {
  readonly #network: Network;
  readonly #node: number;
  /** The latest of each node; a node that never said anything hears all. */
  readonly #adverts = new Map<number, Advert>();

  constructor(network: Network, node: number) {
    this.#network = network;
    this.#node = node;
  }

  /** All that we know, for a neighbour that has come back. */
  get adverts(): readonly Advert[] {
    return [...this.#adverts.values()];
  }

  /** We hear a port, or no longer: the advert to be flooded. */
  notice(port: number, hears: boolean): Advert {
    const { heard, sequence } = this.#of(this.#node);
    const next = new Set(heard);
    if (hears) next.add(port);
    else next.delete(port);
    const advert = { origin: this.#node, sequence: sequence + 1, heard: next };
    this.#adverts.set(this.#node, advert);
    return advert;
  }

  /** True: it is news. */
  take(advert: Advert): boolean {
    if (advert.sequence <= (this.#adverts.get(advert.origin)?.sequence ?? 0)) return false;
    this.#adverts.set(advert.origin, advert);
    return true;
  }

  /** Whether a port works, as far as we know. */
  works(port: number): boolean {
    const bus = this.#network.busIndexOf(port);
    if (!this.#hears(this.#network.nodeOf(port), port)) return false;
    for (let other = this.#network.firstPort(bus); other < this.#network.firstPort(bus + 1); other++) {
      const node = this.#network.nodeOf(other);
      if (other !== port && this.#hears(node, other) && this.#hears(node, port)) return true;
    }
    return false;
  }

  #hears(node: number, port: number): boolean {
    return this.#adverts.get(node)?.heard.has(port) ?? true;
  }

  #of(node: number): Advert {
    const known = this.#adverts.get(node);
    if (known) return known;
    const heard = new Set<number>();
    for (const own of this.#network.portsOf(node)) {
      const bus = this.#network.busIndexOf(own);
      for (let port = this.#network.firstPort(bus); port < this.#network.firstPort(bus + 1); port++)
        heard.add(port);
    }
    return { origin: node, sequence: 0, heard };
  }
}
