/**
 * Who hears whom, flooded with sequence numbers as OSPF does (RFC 2328 §13). A port counts as working if its owner says so
 * and another on the bus that works hears it: so a node that died without a word is known as well. Working ports of which
 * one does not hear the other are a deaf pair.
 */

import type { Network } from './network.ts';
import type { Advert } from './packet.ts';
import type { Table } from './table.ts';

export class LinkState {
  readonly #network: Network;
  readonly #node: number;
  /** The latest of each node; a node that never said anything hears all. */
  readonly #adverts = new Map<number, Advert>();
  /** For each port: others on its bus whose own port there works, as they say, and who hear it. */
  readonly #listeners: Int32Array;

  constructor(network: Network, node: number) {
    this.#network = network;
    this.#node = node;
    this.#listeners = Int32Array.from(
      { length: network.ports },
      (_, port) => network.busOf(port).members.length - 1,
    );
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

  /** Brings a table in line with what a node said last, as far as its buses go. */
  tell(table: Table, origin: number): void {
    for (const own of this.#network.portsOf(origin)) {
      const changed = this.#beside(own).filter((port) => this.#works(port) !== table.isUp(port));
      for (const port of changed) table.change(port, this.#works(port));
      for (const one of new Set([own, ...changed]))
        for (const other of this.#beside(one))
          if (other !== one) table.deafen(one, other, this.#deaf(one, other));
    }
  }

  /** Whether a port works, as far as we know. */
  #works(port: number): boolean {
    return this.#hears(this.#network.nodeOf(port), port) && (this.#listeners[port] ?? 0) > 0;
  }

  #deaf(one: number, other: number): boolean {
    if (this.#hears(this.#network.nodeOf(one), other) && this.#hears(this.#network.nodeOf(other), one))
      return false;
    return this.#works(one) && this.#works(other);
  }

  #hears(node: number, port: number): boolean {
    return this.#adverts.get(node)?.heard.has(port) ?? true;
  }

  #keep(advert: Advert): void {
    const before = this.#adverts.get(advert.origin)?.heard;
    const { heard } = advert;
    this.#adverts.set(advert.origin, advert);
    for (const own of this.#network.portsOf(advert.origin)) {
      const listened = before?.has(own) ?? true;
      const listens = heard.has(own);
      for (const port of this.#beside(own)) {
        if (port === own) continue;
        const change = Number(listens && heard.has(port)) - Number(listened && (before?.has(port) ?? true));
        this.#listeners[port] = (this.#listeners[port] ?? 0) + change;
      }
    }
  }

  #of(node: number): Advert {
    const known = this.#adverts.get(node);
    if (known) return known;
    const heard = new Set([...this.#network.portsOf(node)].flatMap((own) => this.#beside(own)));
    return { origin: node, sequence: 0, heard };
  }

  /** All ports on a port's bus, itself too. */
  #beside(port: number): number[] {
    const bus = this.#network.busIndexOf(port);
    const first = this.#network.firstPort(bus);
    return Array.from({ length: this.#network.firstPort(bus + 1) - first }, (_, i) => first + i);
  }
}
