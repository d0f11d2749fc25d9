/** IPv6 Neighbor Discovery (RFC 4861), as far as addresses in it have to be looked at. */

import { be16, int32 } from './octets.ts';

/** Bytes of an IPv6 header. */
export const ipv6Size = 40;
const icmp = 58;
const neighbourSolicitation = 135;
export const neighbourAdvertisement = 136;
/** Bytes before the options, by type 133 to 137: RS, RA, NS, NA, Redirect (RFC 4861 §4). */
const fixed: readonly number[] = [8, 16, 24, 24, 40];

/** Says whether the IPv6 datagram at `at` is ICMPv6, without extension headers before it. */
export const isIcmp6 = (b: Uint8Array, at: number): boolean => b[at + 6] === icmp;

/** Type of the Neighbor Discovery message at `at`; 0: it is none, or too short. `length`: of the datagram, as far as it is at hand. */
export function ndpType(b: Uint8Array, at: number, length: number): number {
  if (length < ipv6Size + 8 || b[at + 6] !== icmp) return 0;
  const type = b[at + ipv6Size] as number;
  const size = fixed[type - 133];
  // RFC 4861 §6.1, §7.1: hop limit 255, else it comes from elsewhere.
  if (size === undefined || b[at + 7] !== 255 || length < ipv6Size + size) return 0;
  return type;
}

/** Where the target address of a Neighbor Advertisement lies. */
export const ndpTargetAt = ipv6Size + 8;

/** Offset from `at` of the link-layer address that a message gives for its sender or target; 0: it gives none. */
export function ndpLinkAddress(b: Uint8Array, at: number, length: number, type: number): number {
  // Source address in RS, RA, NS; target address in NA, Redirect (RFC 4861 §4.6.1).
  const wanted = type <= neighbourSolicitation ? 1 : 2;
  let option = ipv6Size + (fixed[type - 133] ?? length);
  while (option + 8 <= length) {
    const size = 8 * (b[at + option + 1] as number);
    if (size === 0) return 0;
    if (b[at + option] === wanted) return option + 2;
    option += size;
  }
  return 0;
}

export const isUnspecified = (b: Uint8Array, at: number): boolean =>
  (int32(b, at) | int32(b, at + 4) | int32(b, at + 8) | int32(b, at + 12)) === 0;

/** Payload length of the header (RFC 8200 §3) plus the header. */
export const ipv6Length = (b: Uint8Array, at: number): number => ipv6Size + be16(b, at + 4);
