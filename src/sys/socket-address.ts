/** Addresses of TCP sockets as the kernel has them: struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)). */

import { formatIP, parseIP } from '../bytes/addresses.ts';
import { check, libc } from './libc.ts';

const indexOf = libc.func('unsigned int if_nametoindex(const char *name)') as (name: string) => number;

/** A numeric address, an IPv6 one perhaps with a zone ("fe80::1%eth0"), and a port. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

const AF_INET = 2;
export const AF_INET6 = 10;
/** sizeof(struct sockaddr_in) and of struct sockaddr_in6, the longer one. */
const size4 = 16;
export const size6 = 28;
const addressAt4 = 4;
const addressAt6 = 8;
const scopeAt = 24;
/** ::ffff:0:0/96, IPv4 seen through an IPv6 socket (RFC 4291 §2.5.5.2). */
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** @throws SyntaxError for a host that is no numeric address; SystemError for a zone that does not exist */
export function encodeSocketAddress({ host, port }: SocketAddress): Uint8Array {
  const [plain = '', zone] = host.split('%');
  const address = parseIP(plain);
  const is4 = address.length === 4;
  const bytes = new Uint8Array(is4 ? size4 : size6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, is4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, is4 ? addressAt4 : addressAt6);
  if (zone !== undefined) view.setUint32(scopeAt, zoneIndex(zone), true);
  return bytes;
}

function zoneIndex(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  return check(indexOf(zone) || -1, 'if_nametoindex', zone);
}

/** What a system call wrote; IPv4 addresses that are dressed as IPv6 come out plain. */
export function decodeSocketAddress(bytes: Uint8Array): SocketAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const port = view.getUint16(2);
  if (view.getUint16(0, true) === AF_INET)
    return { host: formatIP(bytes.subarray(addressAt4, addressAt4 + 4)), port };
  const address = bytes.subarray(addressAt6, addressAt6 + 16);
  if (mappedPrefix.every((byte, i) => address[i] === byte))
    return { host: formatIP(address.subarray(12)), port };
  const scope = view.getUint32(scopeAt, true);
  return { host: scope === 0 ? formatIP(address) : `${formatIP(address)}%${scope}`, port };
}
