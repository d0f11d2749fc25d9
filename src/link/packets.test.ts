/** For tests: packets. */

import { parseIP } from '../bytes/addresses.ts';
import { checksum, pseudoHeader } from './checksum.ts';
import { EtherType } from './ethernet.ts';

/** Some payload. */
export function bytes(length: number): Uint8Array {
  const payload = new Uint8Array(length);
  for (let i = 0; i < length; i++) payload[i] = i * 7;
  return payload;
}

/** Parts joined; spreading is far too slow for long ones. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function ethernet(
  destination: Uint8Array,
  source: Uint8Array,
  etherType: number,
  datagram: Uint8Array,
): Uint8Array {
  return concat(destination, source, Uint8Array.of(etherType >>> 8, etherType & 0xff), datagram);
}

/** An IPv4 or IPv6 datagram. */
export function ip(from: string, to: string, protocol: number, payload: Uint8Array): Uint8Array {
  const source = parseIP(from);
  const target = parseIP(to);
  if (source.length === 16) {
    const head = [0x60, 0, 0, 0, payload.length >>> 8, payload.length & 0xff, protocol, 255];
    return concat(Uint8Array.from(head), source, target, payload);
  }
  const total = 20 + payload.length;
  const head = [0x45, 0, total >>> 8, total & 0xff, 0x12, 0x34, 0x40, 0, 64, protocol, 0, 0];
  const datagram = concat(Uint8Array.from(head), source, target, payload);
  const sum = checksum(datagram, 0, 20);
  datagram[10] = sum >>> 8;
  datagram[11] = sum & 0xff;
  return datagram;
}

/** A TCP segment in an IP datagram; its checksum partial, as the kernel leaves it, or complete. */
export function tcp(
  from: string,
  to: string,
  payload: Uint8Array,
  { flags = 0x18, partial = false, sequence = 1000 } = {},
): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint16(0, 40000);
  view.setUint16(2, 80);
  view.setUint32(4, sequence);
  header[12] = 0x50;
  header[13] = flags;
  view.setUint16(14, 512);
  const datagram = ip(from, to, 6, concat(header, payload));
  const at = from.includes(':') ? 40 : 20;
  const size = 20 + payload.length;
  const pseudo = pseudoHeader(datagram, 0, 6, size);
  const value = partial ? pseudo : checksum(datagram, at, size, pseudo);
  new DataView(datagram.buffer).setUint16(at + 16, value);
  return datagram;
}

export function arp(
  operation: number,
  senderMac: Uint8Array,
  sender: string,
  target: string,
  targetMac: Uint8Array = new Uint8Array(6),
): Uint8Array {
  const head = [0, 1, 8, 0, 6, 4, 0, operation];
  return Uint8Array.from([...head, ...senderMac, ...parseIP(sender), ...targetMac, ...parseIP(target)]);
}

/** A virtio_net_hdr. */
export function vnet(
  flags: number,
  gsoType: number,
  headerLength: number,
  size: number,
  start: number,
  offset: number,
): Uint8Array {
  const header = new Uint8Array(10);
  const view = new DataView(header.buffer);
  header[0] = flags;
  header[1] = gsoType;
  view.setUint16(2, headerLength, true);
  view.setUint16(4, size, true);
  view.setUint16(6, start, true);
  view.setUint16(8, offset, true);
  return header;
}

export const ipv4Frame = (
  from: { readonly mac: Uint8Array },
  to: Uint8Array,
  datagram: Uint8Array,
): Uint8Array => ethernet(to, from.mac, EtherType.ipv4, datagram);
export const arpFrame = (
  from: { readonly mac: Uint8Array },
  to: Uint8Array,
  packet: Uint8Array,
): Uint8Array => ethernet(to, from.mac, EtherType.arp, packet);
