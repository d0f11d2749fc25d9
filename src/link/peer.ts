/** What we know of one host on the bus. Not here: what is done about it. */

import { formatIP } from '../bytes/addresses.ts';
import type { Counters } from '../observe/counters.ts';
import type { Command, Nexus } from '../scsi/command.ts';
import type { InitiatorNexus } from '../transport/transport.ts';
import { type CommandSet, commandSets } from './command-set.ts';
import { newPeerCounters, type PeerCounter, valuesOf } from './counters.ts';
import { Feature, namesOfFeatures } from './extensions.ts';
import type { Parcel } from './parcel.ts';

/**
 * 'negotiating': a target whose abilities we are asking for. 'push': we send to it. 'pull': it fetches. 'refused': a
 * target that carries no datagrams. 'gone': it has left.
 */
export type PeerState = 'negotiating' | 'push' | 'pull' | 'refused' | 'gone';
const allowed: Readonly<Record<PeerState, readonly PeerState[]>> = {
  negotiating: ['push', 'pull', 'refused', 'gone', 'negotiating'],
  push: ['pull', 'negotiating', 'gone'],
  pull: ['negotiating', 'gone'],
  refused: ['pull', 'negotiating', 'gone'],
  gone: [],
};

/** A GET MESSAGE that waits for a datagram. */
export interface Get {
  readonly command: Command;
  /** Low nibble of the EtherType that it asks for; -1: records, of any. */
  readonly nibble: number;
  readonly length: number;
  /** It was here already when we last looked for those that wait too long. */
  old: boolean;
}

/** IP addresses that we remember of a peer. */
const maxAddresses = 64;
/** Entries of the caches of verified sources; a power of two. */
export const cacheSize = 64;

export class Peer {
  readonly id: number;
  readonly since: number;
  readonly counters: Counters<PeerCounter> = newPeerCounters();
  /** The same, for count(). */
  readonly values: Float64Array = valuesOf(this.counters);

  #state: PeerState = 'negotiating';
  mac: Uint8Array;
  hostName = '';
  /** It as a target; undefined: it only initiates. */
  nexus: InitiatorNexus | undefined = undefined;
  /** It as an initiator, once it has sent something. */
  source: Nexus | undefined = undefined;
  /** Of its communications device. */
  lun = 0;
  /** What it accepts; 0 for a strict RFC 2143 host. */
  features = 0;
  maxMessage = 0;
  commandSet: CommandSet = commandSets.message;

  /** Tasks with it, and slabs that they and `pending` pin. */
  outstanding = 0;
  held = 0;
  /** Parcels that wait: until it is known, until it fetches them, or for another try. */
  readonly pending: Parcel[] = [];
  /** Before this moment nothing is tried again; 0: no refusal lately. */
  retryAt = 0;
  /** Commands that it has answered with GOOD: its progress. */
  progress = 0;
  /** It made none during a whole hold. */
  stalled = false;
  /** Submitted to since the last kick. */
  touched = false;
  readonly gets: Get[] = [];

  /** Sources that the guard has passed: IPv4 by a hash, IPv6 likewise, four words each. Zero: unspecified, always passed. */
  readonly verified4 = new Int32Array(cacheSize);
  readonly verified6 = new Int32Array(4 * cacheSize);
  readonly #addresses = new Map<string, Uint8Array>();

  constructor(id: number, mac: Uint8Array, since: number) {
    this.id = id;
    this.mac = mac;
    this.since = since;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** The only door between states. */
  to(next: PeerState): void {
    if (!allowed[this.#state].includes(next)) throw new Error(`peer ${this.id}: ${this.#state} to ${next}`);
    this.#state = next;
  }

  /** Its addresses have to be verified anew. */
  distrust(): void {
    this.verified4.fill(0);
    this.verified6.fill(0);
  }

  /** Notes an address as seen from it. */
  saw(key: string, bytes: Uint8Array, at: number, size: number): void {
    if (this.#addresses.has(key)) return;
    const oldest = this.#addresses.size >= maxAddresses ? this.#addresses.keys().next().value : undefined;
    if (oldest !== undefined) this.#addresses.delete(oldest);
    this.#addresses.set(key, bytes.slice(at, at + size));
  }

  get addresses(): string[] {
    return Array.from(this.#addresses.values(), formatIP);
  }

  get extensions(): string[] {
    return namesOfFeatures(this.features);
  }

  get batches(): boolean {
    return (this.features & Feature.batch) !== 0;
  }
}
