/** Which addresses can stand for a host, and what networks they lie in. Pure. */

import { formatIP, type Prefix } from './addresses.ts';

/** The first `length` bits of an address, the others zero. */
function masked(address: Uint8Array, length: number): Uint8Array {
  return address.map((byte, i) => byte & (0xff00 >> Math.min(Math.max(length - 8 * i, 0), 8)));
}

/** "10.90.0.0/24" for 10.90.0.3/24. */
export const networkOf = ({ address, length }: Prefix): string =>
  `${formatIP(masked(address, length))}/${length}`;

/** The address lies in the network of the prefix. */
export function contains({ address: base, length }: Prefix, address: Uint8Array): boolean {
  if (base.length !== address.length) return false;
  return Buffer.compare(masked(base, length), masked(address, length)) === 0;
}

/** One network lies within the other; two networks never overlap otherwise. */
export const overlap = (one: Prefix, other: Prefix): boolean =>
  one.length <= other.length ? contains(one, other.address) : contains(other, one.address);

/** Why no host can have the address; undefined: one can (RFC 1122 §3.2.1.3, RFC 4291 §2.4). */
export function unfitAddress(address: Uint8Array): string | undefined {
  const [first = 0] = address;
  const v4 = address.length === 4;
  if (address.every((byte) => byte === 0)) return 'the unspecified address';
  if (v4 ? first >= 224 : first === 0xff)
    return v4 ? 'a multicast or reserved address' : 'a multicast address';
  return undefined;
}

/** It leads back to the machine itself. */
export const isLoopback = (address: Uint8Array): boolean =>
  address.length === 4 ? address[0] === 127 : address.every((byte, i) => byte === (i === 15 ? 1 : 0));

/** An interface can't have it: the network itself, or IPv4's broadcast address (RFC 3021: not on /31). */
export function networkOrBroadcast({ address, length }: Prefix): string | undefined {
  if (address.length !== 4 || length > 30) return undefined;
  if (Buffer.compare(masked(address, length), address) === 0) return "the network's own address";
  const hostBits = masked(new Uint8Array(4).fill(0xff), length).map((byte) => ~byte);
  const allOnes = address.every((byte, i) => (byte & (hostBits[i] ?? 0)) === hostBits[i]);
  return allOnes ? "the network's broadcast address" : undefined;
}
