/** Who is on the bus: peers by SCSI ID, and whose MAC address is whose. */

import { busMac } from './ethernet.ts';
import { MacTable } from './neighbours.ts';
import { be32, same } from './octets.ts';
import { Peer } from './peer.ts';

/** IDs that a peer may have: widest bus, or a transport's own numbers for initiators. */
export const maxIds = 256;

export class Roster {
  /** By ID; read it, but change it through add() and remove(). */
  readonly byId: (Peer | undefined)[] = new Array<Peer | undefined>(maxIds).fill(undefined);
  /** The same peers, densely. */
  readonly all: Peer[] = [];
  /** MAC addresses behind peers, and those that peers announced for themselves. */
  readonly macs = new MacTable();
  readonly mac: Uint8Array;
  readonly #bus: string;
  readonly #first: number;
  readonly #fifth: number;

  constructor(bus: string, mac: Uint8Array) {
    this.#bus = bus;
    this.mac = mac;
    const pattern = busMac(bus, 0);
    this.#first = be32(pattern, 0);
    this.#fifth = pattern[4] as number;
  }

  add(id: number, now: number): Peer {
    const peer = new Peer(id, busMac(this.#bus, id), now);
    this.byId[id] = peer;
    this.all.push(peer);
    return peer;
  }

  remove(peer: Peer): void {
    if (this.byId[peer.id] === peer) this.byId[peer.id] = undefined;
    const i = this.all.indexOf(peer);
    if (i >= 0) this.all.splice(i, 1);
    this.macs.forget(peer.id);
  }

  /** ID that this MAC address is made of; -1: it is none of this bus. */
  idIn(b: Uint8Array, at: number): number {
    return b[at + 4] === this.#fifth && be32(b, at) === this.#first ? (b[at + 5] as number) : -1;
  }

  /** ID of the peer to send to for a MAC address; -1: unknown. */
  find(b: Uint8Array, at: number): number {
    const id = this.idIn(b, at);
    return id >= 0 && this.byId[id] !== undefined ? id : this.macs.find(b, at);
  }

  /** Says whether a MAC address is ours, or is that of a nexus other than `id`'s. */
  isTakenFrom(id: number, b: Uint8Array, at: number): boolean {
    if (same(b, at, this.mac, 0, 6)) return true;
    const owner = this.idIn(b, at);
    if (owner >= 0) return owner !== id;
    for (const peer of this.all) if (peer.id !== id && same(b, at, peer.mac, 0, 6)) return true;
    return false;
  }
}
