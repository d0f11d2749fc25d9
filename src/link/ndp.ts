/** IPv6 Neighbor Discovery (RFC 4861), as far as addresses in it have to be looked at. */

import { be16, int32 } from './octets.ts';

/** Bytes of an IPv6 header. */
export const ipv6Size = 40;
const icmp = 58;
const neighbourSolicitation = 135;
export const neighbourAdvertisement = 136;
/** Bytes before the options, by type 133 to 137: RS, RA, NS, NA, Redirect (RFC 4861 §4). */
const fixed: readonly number[] = [8, 16, 24, 24, 40];

/** Extension headers whose second byte is their length (RFC 8200 §4, RFC 6275 §6.1, RFC 7401 §5, RFC 5533 §5). */
const extensions: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140]);
const fragment = 44;
const authentication = 51;

/**
 * Says whether the IPv6 datagram at `at` may be Neighbor Discovery: ICMPv6, or what may lead there, with hop limit 255,
 * else it comes from elsewhere (RFC 4861 §6.1, §7.1).
 */
export function maybeNdp(b: Uint8Array, at: number): boolean {
  if (b[at + 7] !== 255) return false;
  const next = b[at + 6] as number;
  return next === icmp || next === fragment || next === authentication || extensions.has(next);
}

/** Offset from `at` of the ICMPv6 message in an IPv6 datagram, behind any extension headers; 0: it has none; -1: they go on behind `length`. */
export function icmp6At(b: Uint8Array, at: number, length: number): number {
  let next = b[at + 6] as number;
  let offset = ipv6Size;
  while (next !== icmp && offset + 8 <= length) {
    const size = extensionSize(b, at + offset, next);
    if (size === 0) return 0;
    next = b[at + offset] as number;
    offset += size;
  }
  return offset + 8 <= length ? offset : -1;
}

/** Bytes of an extension header; 0: it is none, or a fragment but the first. */
function extensionSize(b: Uint8Array, at: number, kind: number): number {
  if (extensions.has(kind)) return 8 + 8 * (b[at + 1] as number);
  if (kind === authentication) return 8 + 4 * (b[at + 1] as number);
  return kind === fragment && be16(b, at + 2) >>> 3 === 0 ? 8 : 0;
}

/**
 * Type of the Neighbor Discovery message that lies `message` bytes (0 or less: none) into the IPv6 datagram at `at`; 0: it is
 * none, or too short. `length`: of the datagram.
 */
export function ndpType(b: Uint8Array, at: number, length: number, message: number): number {
  if (message <= 0 || b[at + 7] !== 255) return 0;
  const type = b[at + message] as number;
  const size = fixed[type - 133];
  return size === undefined || length < message + size ? 0 : type;
}

/** Where the target address of a Neighbor Advertisement lies, in the message. */
export const ndpTargetAt = 8;

/** Offset from `at` of the link-layer address that a message gives for its sender or target; 0: it gives none. */
export function ndpLinkAddress(
  b: Uint8Array,
  at: number,
  length: number,
  message: number,
  type: number,
): number {
  // Source address in RS, RA, NS; target address in NA, Redirect (RFC 4861 §4.6.1).
  const wanted = type <= neighbourSolicitation ? 1 : 2;
  let option = message + (fixed[type - 133] ?? length);
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
