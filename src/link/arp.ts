/** ARP (RFC 826): its layout, and the limit on requests that nobody answers (RFC 2143 §4, RFC 1122 §2.3.2.1). */

import { raw, struct, u8, u16 } from '../bytes/fields.ts';
import { be16, int32 } from './octets.ts';

/** ARP for IPv4 over hardware type 1 (Ethernet), 28 bytes. */
export const ArpPacket = struct('ARP', 28, {
  hardwareType: u16(0),
  protocolType: u16(2),
  hardwareLength: u8(4),
  protocolLength: u8(5),
  operation: u16(6),
  senderMac: raw(8, 6),
  senderAddress: raw(14, 4),
  targetMac: raw(18, 6),
  targetAddress: raw(24, 4),
});

/** Where its fields lie, for per-packet code. */
export const Arp = {
  operation: 6,
  senderMac: 8,
  senderAddress: 14,
  targetMac: 18,
  targetAddress: 24,
  size: 28,
} as const;
export const ArpOperation = { request: 1, reply: 2 } as const;

/** Says whether the 28 bytes at `at` are ARP for IPv4 over Ethernet. */
export const isArp = (b: Uint8Array, at: number): boolean =>
  int32(b, at) === 0x0001_0800 && be16(b, at + 4) === 0x0604;

/** Slots of the table; two targets in one slot only make it suppress less. */
const slots = 256;
/** RFC 1122 recommends at most one request a second; hosts that ask each second must not be cut by their own jitter. */
const quietMs = 900;

/** Remembers which questions have been asked lately without an answer: negative caching, by the sender. */
export class ArpLimit {
  readonly #target = new Int32Array(slots);
  readonly #sender = new Int32Array(slots);
  readonly #asked = new Float64Array(slots).fill(Number.NEGATIVE_INFINITY);

  /** Says whether the request at `at` has to wait. Probes and announcements (RFC 5227) never do. */
  suppresses(b: Uint8Array, at: number, now: number): boolean {
    if (!isArp(b, at) || be16(b, at + Arp.operation) !== ArpOperation.request) return false;
    const sender = int32(b, at + Arp.senderAddress);
    const target = int32(b, at + Arp.targetAddress);
    if (sender === 0 || sender === target) return false;
    const slot = slotOf(target);
    const again = this.#target[slot] === target && this.#sender[slot] === sender;
    if (again && now - (this.#asked[slot] as number) < quietMs) return true;
    this.#target[slot] = target;
    this.#sender[slot] = sender;
    this.#asked[slot] = now;
    return false;
  }

  /** The address has been heard of. */
  answered(b: Uint8Array, senderAddressAt: number): void {
    const address = int32(b, senderAddressAt);
    const slot = slotOf(address);
    if (this.#target[slot] === address) this.#asked[slot] = Number.NEGATIVE_INFINITY;
  }
}

const slotOf = (address: number): number => (address ^ (address >>> 8) ^ (address >>> 16)) & (slots - 1);
