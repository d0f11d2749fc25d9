/** IP addresses between text and bytes: "10.90.0.3", "fd90::3", and with a prefix, "10.90.0.3/24". */

import { isIPv4, isIPv6 } from 'node:net';

/** Address families of Linux. */
export const Family = { inet: 2, inet6: 10 } as const;
export type Family = (typeof Family)[keyof typeof Family];

/** An address, in network order, 4 or 16 bytes. */
export interface InetAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** An address and how many of its leading bits name its network. */
export interface InetPrefix extends InetAddress {
  readonly length: number;
}

/** Sixteen-bit groups of one side of "::". */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** @throws RangeError when it is neither an IPv4 nor an IPv6 address. */
export function parseAddress(text: string): InetAddress {
  if (isIPv4(text)) return { family: Family.inet, bytes: Uint8Array.from(text.split('.').map(Number)) };
  if (!isIPv6(text) || text.includes('%')) throw new RangeError(`"${text}" is not an IP address`);
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return {
    family: Family.inet6,
    bytes: Uint8Array.from(all.flatMap((group) => [group >>> 8, group & 0xff])),
  };
}

/** Where the longest run of two or more zero groups lies (RFC 5952 §4.2). */
function longestZeros(all: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [-1, 1];
  for (let start = 0; start < all.length; start++) {
    let end = start;
    while (all[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/** Text of an address of 4 or 16 bytes; IPv6 as RFC 5952 writes it. @throws RangeError for another length. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const all = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] ?? 0) * 256 + (bytes[2 * i + 1] ?? 0));
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  const [start, length] = longestZeros(all);
  if (start < 0) return text(all);
  return `${text(all.slice(0, start))}::${text(all.slice(start + length))}`;
}

/** "10.90.0.3/24"; without a length, the whole address. @throws RangeError when malformed. */
export function parsePrefix(text: string): InetPrefix {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const bits = address.bytes.length * 8;
  if (slash < 0) return { ...address, length: bits };
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  if (!/^\d{1,3}$/.test(digits) || length > bits)
    throw new RangeError(`"${text}": the prefix length goes from 0 to ${bits}`);
  return { ...address, length };
}

/** The address with every host bit set: IPv4's directed broadcast. */
export function broadcast({ bytes, length }: InetPrefix): Uint8Array {
  return bytes.map((byte, i) => byte | (0xff >>> Math.min(8, Math.max(0, length - 8 * i))));
}

/** "02:53:43:00:00:07". @throws RangeError when malformed. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`"${text}" is not a MAC address`);
  return Uint8Array.from(text.split(':').map((byte) => Number.parseInt(byte, 16)));
}

/** A hardware address of any length, as Linux prints it. */
export const formatMac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
