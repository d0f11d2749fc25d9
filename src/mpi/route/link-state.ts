/**
 * Who hears whom, flooded with sequence numbers as OSPF does (RFC 2328 §13). A port counts as working if its owner says
 * so and another on the bus hears it: so a node that died without a word is known as well. Working ports of which one does not hear the other are a deaf pair.
 */

import type { Network } from './network.ts';
import type { Advert } from './packet.ts';

export class LinkState {
  readonly #network: Network;
  readonly #node: number;
  /** The latest of each node; a node that never said anything hears all. */
  readonly #adverts = new Map<number, Advert>();
  /** Ports that a node should hear, and does not. */
  readonly #missing = new Map<number, readonly number[]>();

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
    this.#keep(advert);
    return advert;
  }

  /** True: it is news. */
  take(advert: Advert): boolean {
    if (advert.sequence <= (this.#adverts.get(advert.origin)?.sequence ?? 0)) return false;
    this.#keep(advert);
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

  /** Working ports of a bus that don't hear each other. */
  deafPairs(bus: number): (readonly [one: number, other: number])[] {
    const found: (readonly [number, number])[] = [];
    for (const node of this.#network.buses[bus]?.members ?? [])
      for (const other of this.#missing.get(node) ?? []) {
        if (this.#network.busIndexOf(other) !== bus) continue;
        const own = this.#network.portOn(bus, node);
        if (own !== other && this.works(own) && this.works(other)) found.push([own, other]);
      }
    return found;
  }

  #keep(advert: Advert): void {
    const { origin, heard } = advert;
    this.#adverts.set(origin, advert);
    this.#missing.set(
      origin,
      this.#inReach(origin).filter((port) => !heard.has(port)),
    );
  }

  #hears(node: number, port: number): boolean {
    return this.#adverts.get(node)?.heard.has(port) ?? true;
  }

  #of(node: number): Advert {
    const known = this.#adverts.get(node);
    if (known) return known;
    return { origin: node, sequence: 0, heard: new Set(this.#inReach(node)) };
  }

  /** All ports on the buses of a node. */
  #inReach(node: number): number[] {
    const found: number[] = [];
    for (const own of this.#network.portsOf(node)) {
      const bus = this.#network.busIndexOf(own);
      for (let port = this.#network.firstPort(bus); port < this.#network.firstPort(bus + 1); port++)
        found.push(port);
    }
    return found;
  }
}
