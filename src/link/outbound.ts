/**
 * What a frame's headers say: read once, before they are overwritten by the record's. And what is learned from frames
 * that pass: which hosts are on our side (when our interface is bridged), and which addresses we use.
 */

import { toHex } from '../bytes/hex.ts';
import type { Clock } from '../time/clock.ts';
import { Arp, ArpLimit, isArp } from './arp.ts';
import { count, LinkIndex } from './counters.ts';
import { datagramAt, EtherType, etherSize, isGroup, vnetSize } from './ethernet.ts';
import { type Frame, maxDatagram, toGroup, toUnknown } from './frame.ts';
import type { SourceGuard } from './guard.ts';
import {
  icmp6At,
  ipv6Length,
  ipv6Size,
  ndpLinkAddress,
  ndpTargetAt,
  ndpType,
  neighbourAdvertisement,
} from './ndp.ts';
import { OwnSide } from './neighbours.ts';
import { be16, int32, le16, same } from './octets.ts';
import { RecordFlag } from './record.ts';
import type { Roster } from './roster.ts';

/** Bytes of an IPv4 header without options. */
const ipv4Size = 20;
/** Ethernet pads shorter payloads to this (IEEE 802.3 §3.2.8): frames of a network adapter that we are bridged to. */
const ethernetPadding = 46;
const broadcastMac = new Uint8Array(6).fill(0xff);

export class Outbound {
  readonly ownSide = new OwnSide();
  readonly arpLimit = new ArpLimit();
  readonly #roster: Roster;
  readonly #guard: SourceGuard;
  readonly #clock: Clock;
  readonly #values: Float64Array;

  constructor(roster: Roster, guard: SourceGuard, clock: Clock, values: Float64Array) {
    this.#roster = roster;
    this.#guard = guard;
    this.#clock = clock;
    this.#values = values;
  }

  /** Fills in the frame's fields; false: it is not to be sent, and counted. */
  read(frame: Frame, length: number): boolean {
    const b = frame.bytes;
    const ether = frame.start + vnetSize;
    const datagram = length - datagramAt;
    if (datagram < 1 || datagram > maxDatagram) return this.#refuse(LinkIndex['drops.runt']);
    const etherType = be16(b, ether + 12);
    if (etherType !== EtherType.ipv4 && etherType !== EtherType.ipv6 && etherType !== EtherType.arp)
      return this.#refuse(LinkIndex['drops.etherType']);
    frame.etherType = etherType;
    this.#readOffload(frame);
    frame.length =
      datagram > ethernetPadding ? datagram : unpadded(b, ether + etherSize, datagram, etherType);
    if (!same(b, ether + 6, this.#roster.mac, 0, 6)) this.#learnOwnSide(frame, ether + 6);
    else if (etherType !== EtherType.ipv4) this.#learnOwn(frame);
    return this.#readDestination(frame, ether);
  }

  /** From virtio_net_hdr, whose offsets count from the Ethernet header. */
  #readOffload(frame: Frame): void {
    const { bytes: b, start } = frame;
    const flags = b[start] as number;
    frame.flags = flags & (RecordFlag.needsChecksum | RecordFlag.dataValid);
    frame.gsoType = b[start + 1] as number;
    frame.headerLength = 0;
    frame.gsoSize = 0;
    frame.checksumStart = 0;
    frame.checksumOffset = 0;
    if (flags & RecordFlag.needsChecksum) {
      frame.checksumStart = Math.max(0, le16(b, start + 6) - etherSize);
      frame.checksumOffset = le16(b, start + 8);
    }
    if (frame.gsoType !== 0) {
      frame.headerLength = Math.max(0, le16(b, start + 2) - etherSize);
      frame.gsoSize = le16(b, start + 4);
    }
  }

  #readDestination(frame: Frame, ether: number): boolean {
    const b = frame.bytes;
    if (!isGroup(b, ether)) {
      const id = this.#roster.find(b, ether);
      frame.to = id;
      if (id >= 0) return true;
      if (this.#roster.idIn(b, ether) >= 0) return this.#refuse(LinkIndex['drops.noPeer']);
      frame.to = toUnknown;
      frame.flags |= RecordFlag.unknown;
      return true;
    }
    frame.to = toGroup;
    frame.flags |= RecordFlag.group;
    if (frame.etherType !== EtherType.arp || frame.length < Arp.size) return true;
    if (!same(b, ether, broadcastMac, 0, 6)) return true;
    if (!this.arpLimit.suppresses(b, frame.start + datagramAt, this.#clock.now())) return true;
    return this.#refuse(LinkIndex.arpSuppressed);
  }

  #refuse(reason: number): false {
    count(this.#values, reason);
    return false;
  }

  /** The frame comes from a host behind our interface. */
  #learnOwnSide(frame: Frame, macAt: number): void {
    const { bytes: b, length, etherType } = frame;
    const at = frame.start + datagramAt;
    if (isGroup(b, macAt)) return;
    if (etherType === EtherType.arp) {
      if (length >= Arp.size && isArp(b, at))
        this.ownSide.learn(b, at + Arp.senderAddress, 4, b, at + Arp.senderMac);
    } else if (etherType === EtherType.ipv4) {
      if (length >= ipv4Size) this.ownSide.learn(b, at + 12, 4, b, macAt);
    } else if (length >= ipv6Size) this.ownSide.learn(b, at + 8, 16, b, macAt);
  }

  /** We say ourselves which addresses are ours: as sender of ARP, or in a Neighbor Advertisement. */
  #learnOwn(frame: Frame): void {
    const { bytes: b, length } = frame;
    const at = frame.start + datagramAt;
    let from = 0;
    let size = 16;
    if (frame.etherType === EtherType.arp) {
      if (length < Arp.size || !isArp(b, at) || int32(b, at + Arp.senderAddress) === 0) return;
      from = at + Arp.senderAddress;
      size = 4;
    } else {
      const message = icmp6At(b, at, length);
      if (ndpType(b, at, length, message) !== neighbourAdvertisement) return;
      const link = ndpLinkAddress(b, at, length, message, neighbourAdvertisement);
      if (link === 0 || !same(b, at + link, this.#roster.mac, 0, 6)) return;
      from = at + message + ndpTargetAt;
    }
    if (this.#guard.claim(toHex(b.subarray(from, from + size))))
      for (const peer of this.#roster.all) peer.distrust();
  }
}

/** Bytes of the datagram at `at` by its own header, as far as it has one, without what pads it. */
function unpadded(b: Uint8Array, at: number, length: number, etherType: number): number {
  let own = length;
  if (etherType === EtherType.arp && length >= Arp.size && isArp(b, at)) own = Arp.size;
  else if (etherType === EtherType.ipv4 && length >= ipv4Size) own = Math.max(ipv4Size, be16(b, at + 2));
  else if (etherType === EtherType.ipv6 && length >= ipv6Size) own = ipv6Length(b, at);
  return Math.min(length, own);
}
