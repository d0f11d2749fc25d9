/**
 * Who is behind whom: MAC addresses behind a peer (its side is bridged), and IP addresses behind our own interface (our
 * side is bridged). Bounded; the oldest entry makes room, for MAC addresses the oldest of the same peer, so that none can
 * push out those of others. Empty on a bus without bridges, and costs nothing then.
 */

import { macKey } from './ethernet.ts';
import { int32, same } from './octets.ts';

/** IP addresses behind us; MAC addresses behind one peer. */
const maxOwnSide = 4096;
const maxBehindOne = 1024;

/** Puts an entry last, and takes the first away when there are too many. */
function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  if (map.size >= maxOwnSide) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
  map.set(key, value);
}

/** Foreign MAC addresses, and the SCSI IDs behind which they are. */
export class MacTable {
  readonly #ids = new Map<number, number>();
  /** The same by ID, oldest first. */
  readonly #keys = new Map<number, Set<number>>();

  /** The ID, or -1. */
  find(bytes: Uint8Array, at: number): number {
    return this.#ids.size === 0 ? -1 : (this.#ids.get(macKey(bytes, at)) ?? -1);
  }

  learn(bytes: Uint8Array, at: number, id: number): void {
    const key = macKey(bytes, at);
    const before = this.#ids.get(key);
    if (before !== undefined) this.#keys.get(before)?.delete(key);
    const keys = this.#keys.get(id) ?? new Set();
    const [oldest] = keys.size >= maxBehindOne ? keys : [];
    if (oldest !== undefined) {
      keys.delete(oldest);
      this.#ids.delete(oldest);
    }
    this.#keys.set(id, keys.add(key));
    this.#ids.set(key, id);
  }

  /** A peer has gone. */
  forget(id: number): void {
    for (const key of this.#keys.get(id) ?? []) this.#ids.delete(key);
    this.#keys.delete(id);
  }
}

/** IP addresses of hosts that our interface is bridged to, and their MAC addresses. */
export class OwnSide {
  readonly #ipv4 = new Map<number, Uint8Array>();
  readonly #ipv6 = new Map<string, Uint8Array>();

  get empty(): boolean {
    return this.#ipv4.size === 0 && this.#ipv6.size === 0;
  }

  /** MAC address of the 4- or 16-byte IP address at `at`. */
  find(bytes: Uint8Array, at: number, size: number): Uint8Array | undefined {
    return size === 4 ? this.#ipv4.get(int32(bytes, at)) : this.#ipv6.get(text(bytes, at));
  }

  learn(bytes: Uint8Array, at: number, size: number, mac: Uint8Array, macAt: number): void {
    const known = this.find(bytes, at, size);
    if (known && same(known, 0, mac, macAt, 6)) return;
    if (int32(bytes, at) === 0 && (size === 4 || int32(bytes, at + 12) === 0)) return;
    const address = mac.slice(macAt, macAt + 6);
    if (size === 4) put(this.#ipv4, int32(bytes, at), address);
    else put(this.#ipv6, text(bytes, at), address);
  }
}

const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 16));
