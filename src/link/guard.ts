/**
 * Source guard (design D8): who a datagram comes from is what its nexus says, and an address belongs to one nexus.
 * Asked only about sources that a peer has not been passed with before; those are cached at the peer. An address that
 * is owned stays so until its nexus is lost. Not here: MAC addresses in ARP, see receiver.ts.
 */

import { formatIP, parseIP, parsePrefix } from '../bytes/addresses.ts';
import { toHex } from '../bytes/hex.ts';
import type { Logger } from '../observe/logger.ts';

export type GuardMode = 'off' | 'warn' | 'enforce';

/** Why a source is not believed. */
export type Violation =
  | 'not a host address'
  | 'our own address'
  | 'pinned to another'
  | 'owned by another'
  | 'too many';

/** Addresses that one nexus may own by having been the first to use them. */
const maxOwned = 1024;
/** Addresses of our own that we learn from what we send. */
const maxOwn = 256;
/** Findings that are logged of one nexus. */
const maxLogged = 256;

interface Net {
  readonly key: string;
  readonly length: number;
}

/** Link-local addresses are always on the link (RFC 3927, RFC 4291 §2.5.6). */
const linkLocal: readonly string[] = ['169.254.0.0/16', 'fe80::/10'];

export class SourceGuard {
  readonly mode: GuardMode;
  readonly #logger: Logger;
  readonly #pins = new Map<string, number>();
  readonly #owners = new Map<string, number>();
  readonly #owned = new Map<number, number>();
  readonly #own = new Set<string>();
  readonly #logged = new Map<number, Set<string>>();
  #nets: Net[] = [];

  constructor(mode: GuardMode, pins: readonly (readonly [number, string])[], logger: Logger) {
    this.mode = mode;
    this.#logger = logger;
    for (const [id, address] of pins) this.#pins.set(toHex(parseIP(address)), id);
  }

  /** Our addresses and what is on the link. */
  configure(prefixes: readonly string[]): void {
    this.#own.clear();
    this.#nets = [];
    for (const text of [...linkLocal, ...prefixes]) {
      const { address, length } = parsePrefix(text);
      this.#nets.push({ key: bitsOf(toHex(address)).slice(0, length), length: address.length });
    }
    for (const text of prefixes) this.#own.add(toHex(parsePrefix(text).address));
  }

  /** We have claimed an address ourselves. True: that is news, and peers must be verified anew. */
  claim(key: string): boolean {
    if (this.#own.has(key) || this.#own.size >= maxOwn || notAHost(key)) return false;
    this.#own.add(key);
    const owner = this.#owners.get(key);
    if (owner === undefined) return true;
    this.#owners.delete(key);
    this.#owned.set(owner, (this.#owned.get(owner) ?? 1) - 1);
    return true;
  }

  /** What is wrong with this source, if anything; a source on the link that nobody owns becomes the peer's. */
  check(id: number, key: string): Violation | undefined {
    if (/^0+$/.test(key)) return undefined;
    if (notAHost(key)) return 'not a host address';
    if (this.#own.has(key)) return 'our own address';
    const pinned = this.#pins.get(key);
    if (pinned !== undefined) return pinned === id ? undefined : 'pinned to another';
    return this.#onLink(key) ? this.#possess(id, key) : undefined;
  }

  /** Says once per address what was found, and of one nexus not without end; the counters say how often. */
  report(id: number, key: string, what: string): void {
    const event = `${key} ${what}`;
    const logged = this.#logged.get(id) ?? new Set();
    if (logged.has(event) || logged.size >= maxLogged) return;
    this.#logged.set(id, logged.add(event));
    const address = key.length === 12 ? key : formatIP(Uint8Array.from(Buffer.from(key, 'hex')));
    this.#logger.log('warn', 'source guard', { id, address, what, mode: this.mode });
  }

  /** A nexus is lost: what it owned is free. */
  release(id: number): void {
    this.#owned.delete(id);
    this.#logged.delete(id);
    for (const [key, owner] of this.#owners) if (owner === id) this.#owners.delete(key);
  }

  #possess(id: number, key: string): Violation | undefined {
    const owner = this.#owners.get(key);
    if (owner !== undefined) return owner === id ? undefined : 'owned by another';
    const owned = this.#owned.get(id) ?? 0;
    if (owned >= maxOwned) return 'too many';
    this.#owned.set(id, owned + 1);
    this.#owners.set(key, id);
    return undefined;
  }

  #onLink(key: string): boolean {
    const bits = bitsOf(key);
    return this.#nets.some((net) => net.length * 2 === key.length && bits.startsWith(net.key));
  }
}

/** Binary digits of hexadecimal ones. */
const bitsOf = (key: string): string =>
  [...key].map((digit) => (Number.parseInt(digit, 16) + 16).toString(2).slice(1)).join('');

/** Multicast, reserved, loopback: nothing that a host may send from (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, §2.7). */
const notAHost = (key: string): boolean =>
  key.length === 8 ? /^(?:7f|[ef])/.test(key) : key.startsWith('ff') || /^0{31}1$/.test(key);
