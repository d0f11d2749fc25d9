/** What lies in a frame buffer: virtio_net_hdr, Ethernet header, datagram; and the MAC addresses of a bus. */

import { be16, be32 } from './octets.ts';

/** EtherTypes that RFC 2143 §3 can name: their low nibbles differ. */
export const EtherType = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
export type EtherType = (typeof EtherType)[keyof typeof EtherType];

/** EtherType of a stream selection's low nibble (RFC 2143 §3 b); 0: none that we carry. */
export const etherTypeOfNibble: readonly number[] = Array.from(
  { length: 16 },
  (_, nibble) => Object.values(EtherType).find((type) => (type & 0xf) === nibble) ?? 0,
);

/** Bytes of virtio_net_hdr (VIRTIO 1.2 §5.1.6), without num_buffers. */
export const vnetSize = 10;
/** Bytes of an Ethernet header. */
export const etherSize = 14;
/** Where the datagram begins in a frame buffer. */
export const datagramAt = vnetSize + etherSize;

/** virtio_net_hdr: gso_type. */
export const Gso = { none: 0, tcp4: 1, udpFragment: 3, tcp6: 4, udp: 5, ecn: 0x80 } as const;

/** FNV-1a, folded to 16 bits. */
function hash16(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return ((hash >>> 16) ^ hash) & 0xffff;
}

/** The MAC address of an ID on a bus: locally administered, "SC", a hash of the bus's name, the ID. */
export function busMac(bus: string, id: number): Uint8Array {
  const hash = hash16(bus);
  return Uint8Array.of(0x02, 0x53, 0x43, hash >>> 8, hash & 0xff, id);
}

/** A MAC address as a number, for tables. */
export const macKey = (b: Uint8Array, at: number): number => be16(b, at) * 2 ** 32 + be32(b, at + 2);

/** Group addresses: multicast and broadcast (IEEE 802 §8.2). */
export const isGroup = (b: Uint8Array, at: number): boolean => ((b[at] as number) & 1) !== 0;
