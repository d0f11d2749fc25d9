/**
 * Addresses as people write them and as packets carry them: IPv4, IPv6 (RFC 4291 §2.2 in, RFC 5952 out),
 * an address with its prefix length, and MAC addresses. Not here: zones ("%eth0"), masks, name look-ups.
 */

import { toHex } from './hex.ts';

/** An interface's address and how many of its leading bits name the network. */
export interface Prefix {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly length: number;
}

const decimal = /^(?:0|[1-9]\d{0,2})$/;

function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256))
    return undefined;
  return parts.map(Number);
}

/** 4 bytes. Leading zeros are refused: some read them as octal. @throws SyntaxError */
export function parseIPv4(text: string): Uint8Array {
  const bytes = ipv4Bytes(text);
  if (!bytes) throw new SyntaxError(`not an IPv4 address: ${JSON.stringify(text)}`);
  return Uint8Array.from(bytes);
}

/** Bytes of colon-separated groups, the last of which may be an IPv4 address (RFC 4291 §2.2, form 3). */
function groupBytes(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
      continue;
    }
    const ipv4 = mayEndInIPv4 && i === groups.length - 1 ? ipv4Bytes(group) : undefined;
    if (!ipv4) return undefined;
    bytes.push(...ipv4);
  }
  return bytes;
}

function ipv6Bytes(text: string): number[] | undefined {
  const halves = text.split('::');
  const [left = '', right] = halves;
  if (halves.length > 2) return undefined;
  const head = groupBytes(left, right === undefined);
  if (right === undefined) return head?.length === 16 ? head : undefined;
  const tail = groupBytes(right, true);
  // "::" stands for at least one group of zeros.
  if (!head || !tail || head.length + tail.length > 14) return undefined;
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

/** 16 bytes. @throws SyntaxError */
export function parseIPv6(text: string): Uint8Array {
  const bytes = ipv6Bytes(text);
  if (!bytes) throw new SyntaxError(`not an IPv6 address: ${JSON.stringify(text)}`);
  return Uint8Array.from(bytes);
}

/** 4 or 16 bytes. @throws SyntaxError */
export function parseIP(text: string): Uint8Array {
  const bytes = text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
  if (!bytes) throw new SyntaxError(`neither an IPv4 nor an IPv6 address: ${JSON.stringify(text)}`);
  return Uint8Array.from(bytes);
}

/** "10.90.0.3" from the 4 bytes at `at`. */
export function formatIPv4(bytes: Uint8Array, at = 0): string {
  if (bytes.length < at + 4) throw new RangeError(`an IPv4 address needs 4 bytes, got ${bytes.length - at}`);
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** The longest run of two or more zero groups, the first of equals (RFC 5952 §4.2). */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/** IPv4-mapped addresses, ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const isMapped = (groups: readonly number[]) =>
  groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

/** Canonical text (RFC 5952) of the 16 bytes at `at`. */
export function formatIPv6(bytes: Uint8Array, at = 0): string {
  if (bytes.length < at + 16)
    throw new RangeError(`an IPv6 address needs 16 bytes, got ${bytes.length - at}`);
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!);
  if (isMapped(groups)) return `::ffff:${formatIPv4(bytes, at + 12)}`; // RFC 5952 §5
  const text = groups.map((group) => group.toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return text.join(':');
  return `${text.slice(0, zeros.start).join(':')}::${text.slice(zeros.start + zeros.length).join(':')}`;
}

/** Text of an address of 4 or 16 bytes. */
export function formatIP(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatIPv4(bytes);
  if (bytes.length === 16) return formatIPv6(bytes);
  throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
}

/** "10.90.0.3/24", "fd90::3/64". @throws SyntaxError */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  if (slash < 0) throw new SyntaxError(`no prefix length: ${JSON.stringify(text)}`);
  const address = parseIP(text.slice(0, slash));
  const length = text.slice(slash + 1);
  const most = 8 * address.length;
  if (!decimal.test(length) || Number(length) > most)
    throw new SyntaxError(`prefix length not 0 to ${most}: ${JSON.stringify(text)}`);
  return { family: address.length === 4 ? 4 : 6, address, length: Number(length) };
}

/** "10.90.0.3/24". */
export const formatPrefix = (prefix: Prefix): string => `${formatIP(prefix.address)}/${prefix.length}`;

/** 6 bytes from "02:53:43:a1:b2:03". @throws SyntaxError */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/.test(text))
    throw new SyntaxError(`not a MAC address: ${JSON.stringify(text)}`);
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

/** "02:53:43:a1:b2:03" from the 6 bytes at `at`. */
export function formatMac(bytes: Uint8Array, at = 0): string {
  if (bytes.length < at + 6) throw new RangeError(`a MAC address needs 6 bytes, got ${bytes.length - at}`);
  return toHex(bytes.subarray(at, at + 6), ':');
}
