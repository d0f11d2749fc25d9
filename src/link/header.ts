/**
 * The header that the interface gets with a datagram: virtio_net_hdr and Ethernet, rebuilt (design D1). The source MAC is
 * that of the nexus, never from the payload. The destination MAC is ours, unless the datagram says that it is for a
 * group, or for a host that our interface is bridged to.
 */

import { parsePrefix } from '../bytes/addresses.ts';
import { Arp, ArpOperation } from './arp.ts';
import { datagramAt, EtherType, etherSize, isGroup, vnetSize } from './ethernet.ts';
import type { OwnSide } from './neighbours.ts';
import { be16, int32, move, putBe16, putLe16 } from './octets.ts';
import type { Peer } from './peer.ts';
import { RecordFlag, type RecordValues } from './record.ts';

/** Room for the first bytes of a datagram behind the header: the most that a Neighbor Discovery message should have. */
export const headerRoom = 1280;
const etherAt = vnetSize;

export class Header {
  /** virtio_net_hdr, Ethernet header, then the datagram's first bytes: put these in place before write(). */
  readonly bytes: Uint8Array = new Uint8Array(datagramAt + headerRoom);
  readonly #mac: Uint8Array;
  readonly #ownSide: OwnSide;
  /** Broadcast addresses of the subnets we are in (RFC 919). */
  #broadcasts = new Int32Array(0);

  constructor(mac: Uint8Array, ownSide: OwnSide) {
    this.#mac = mac;
    this.#ownSide = ownSide;
  }

  configure(prefixes: readonly string[]): void {
    const nets = prefixes.map(parsePrefix).filter((net) => net.family === 4 && net.length < 31);
    this.#broadcasts = Int32Array.from(
      nets,
      ({ address, length }) => int32(address, 0) | (0xffffffff >>> length),
    );
  }

  /** Writes both headers. False: the datagram is not for this side. */
  write(peer: Peer, record: Readonly<RecordValues>): boolean {
    const b = this.bytes;
    if (!this.#writeDestination(record)) return false;
    move(peer.mac, 0, b, etherAt + 6, 6);
    putBe16(b, etherAt + 12, record.etherType);
    this.#writeOffload(record);
    return true;
  }

  #writeOffload(record: Readonly<RecordValues>): void {
    const b = this.bytes;
    for (let i = 0; i < vnetSize; i++) b[i] = 0;
    b[0] = record.flags & (RecordFlag.needsChecksum | RecordFlag.dataValid);
    if (record.flags & RecordFlag.needsChecksum) {
      putLe16(b, 6, record.checksumStart + etherSize);
      putLe16(b, 8, record.checksumOffset);
    }
    if (record.gsoType !== 0) {
      b[1] = record.gsoType;
      putLe16(b, 2, record.headerLength + etherSize);
      putLe16(b, 4, record.gsoSize);
    }
  }

  #writeDestination(record: Readonly<RecordValues>): boolean {
    switch (record.etherType) {
      case EtherType.ipv4:
        return this.#toIpv4(record.flags);
      case EtherType.ipv6:
        return this.#toIpv6(record.flags);
      default:
        return this.#toArp();
    }
  }

  #toIpv4(flags: number): boolean {
    const b = this.bytes;
    const at = datagramAt + 16;
    const first = b[at] as number;
    if (first >= 224 && first < 240) {
      // RFC 1112 §6.4: the low 23 bits of the group.
      b[etherAt] = 0x01;
      b[etherAt + 1] = 0x00;
      b[etherAt + 2] = 0x5e;
      b[etherAt + 3] = (b[at + 1] as number) & 0x7f;
      b[etherAt + 4] = b[at + 2] as number;
      b[etherAt + 5] = b[at + 3] as number;
      return true;
    }
    if ((flags & RecordFlag.group) !== 0 || this.#isBroadcast(int32(b, at))) return this.#broadcast();
    return this.#toHost(at, 4, flags);
  }

  #toIpv6(flags: number): boolean {
    const b = this.bytes;
    const at = datagramAt + 24;
    if (b[at] !== 0xff)
      return (flags & RecordFlag.group) !== 0 ? this.#broadcast() : this.#toHost(at, 16, flags);
    // RFC 2464 §7: the low 32 bits of the group.
    b[etherAt] = 0x33;
    b[etherAt + 1] = 0x33;
    move(b, at + 12, b, etherAt + 2, 4);
    return true;
  }

  /** A reply is for whom it names; a request, or a reply that names nobody, for all. */
  #toArp(): boolean {
    const b = this.bytes;
    const reply = be16(b, datagramAt + Arp.operation) === ArpOperation.reply;
    const target = datagramAt + Arp.targetMac;
    if (!reply || isGroup(b, target) || (int32(b, target) | be16(b, target + 4)) === 0)
      return this.#broadcast();
    move(b, target, b, etherAt, 6);
    return true;
  }

  #toHost(at: number, size: number, flags: number): boolean {
    const mac = this.#ownSide.empty ? undefined : this.#ownSide.find(this.bytes, at, size);
    if (mac === undefined && (flags & RecordFlag.unknown) !== 0) return false;
    move(mac ?? this.#mac, 0, this.bytes, etherAt, 6);
    return true;
  }

  #broadcast(): true {
    for (let i = 0; i < 6; i++) this.bytes[etherAt + i] = 0xff;
    return true;
  }

  #isBroadcast(address: number): boolean {
    if (address === -1) return true;
    const all = this.#broadcasts;
    for (let i = 0; i < all.length; i++) if (all[i] === address) return true;
    return false;
  }
}
