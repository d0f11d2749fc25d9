/**
 * Messages from peers to the interface. A peer may change its memory while we read it, so nothing is decided on it: the
 * record's header is read once, and the first bytes of the datagram are copied, checked in the copy and delivered from it; only
 * the rest of the datagram goes to the interface straight from the peer's memory.
 */

import type { Command } from '../scsi/command.ts';
import { AdditionalSense, SenseKey } from '../scsi/sense.ts';
import { encodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import { Arp } from './arp.ts';
import { count, PeerIndex } from './counters.ts';
import { datagramAt, EtherType, etherTypeOfNibble, Gso } from './ethernet.ts';
import { decodeExtensions, type Extensions, Feature } from './extensions.ts';
import { type Header, headerRoom } from './header.ts';
import { ipv6Length, ipv6Size, maybeNdp } from './ndp.ts';
import { be16, move } from './octets.ts';
import type { Peer } from './peer.ts';
import { emptyRecord, knownFlags, maxRecords, RecordFlag, readRecord, recordSize } from './record.ts';
import type { Sink } from './sink.ts';
import type { Sources } from './sources.ts';

/** Bytes of a datagram that are copied when there are more: what checking an address takes. */
const shortCopy = ipv6Size;
/** The longest datagram to be copied whole, whatever it is. */
const longCopy = 128;
const ipv4Size = 20;
/** Where TCP and UDP have their checksum: what segmentation offload goes with. */
const tcpChecksum = 16;
const udpChecksum = 6;
/** GSO_BY_FRAGS: says something else in the kernel, so that it must not come from outside. */
const reservedGsoSize = 0xffff;

const invalidField = encodeSense({ key: SenseKey.illegalRequest, code: AdditionalSense.invalidFieldInCdb });
const invalidData = encodeSense({
  key: SenseKey.illegalRequest,
  code: AdditionalSense.invalidFieldInParameterList,
});

export class Receiver {
  /** Told what a peer says of itself in a hello. */
  hello: (peer: Peer, extensions: Extensions) => void = () => undefined;
  readonly #sink: Sink;
  readonly #sources: Sources;
  readonly #header: Header;
  /** What we announced: nothing else is accepted. */
  readonly #features: number;
  readonly #record = emptyRecord();

  constructor(sink: Sink, sources: Sources, header: Header, features: number) {
    this.#sink = sink;
    this.#sources = sources;
    this.#header = header;
    this.#features = features;
  }

  /** SEND MESSAGE(10) as RFC 2143 has it; ends the command. */
  strict(peer: Peer, command: Command, stream: number, length: number): void {
    count(peer.values, PeerIndex.rxMessages);
    const etherType = stream > 0xf ? 0 : (etherTypeOfNibble[stream] as number);
    if (etherType === 0) {
      count(peer.values, PeerIndex['drops.unknownProtocol']);
      command.complete(Status.checkCondition, invalidField);
      return;
    }
    // No length is no error (SCSI-2 §18.2.5), and no datagram.
    if (length > 0) {
      const record = this.#record;
      record.flags = 0;
      record.gsoType = 0;
      record.etherType = etherType;
      record.length = length;
      if (inside(command.dataOut, command.dataOutOffset, length))
        this.#datagram(peer, command.dataOut, command.dataOutOffset);
      else count(peer.values, PeerIndex['drops.malformed']);
    }
    command.complete(Status.good);
  }

  /** An extended message; ends the command. */
  extended(peer: Peer, command: Command, length: number): void {
    const good = this.records(peer, command.dataOut, command.dataOutOffset, length);
    if (good) command.complete(Status.good);
    else command.complete(Status.checkCondition, invalidData);
  }

  /** A sequence of records, from SEND MESSAGE or in answer to GET MESSAGE. False: it is not well formed. */
  records(peer: Peer, data: Uint8Array, offset: number, length: number): boolean {
    count(peer.values, PeerIndex.rxMessages);
    const record = this.#record;
    const end = offset + length;
    if (!inside(data, offset, length)) return malformed(peer);
    let at = offset;
    let records = 0;
    do {
      if (end - at <= recordSize || ++records > maxRecords) return malformed(peer);
      readRecord(data, at, record);
      at += recordSize;
      if (record.length < 1 || record.length > end - at) return malformed(peer);
      if (record.etherType === 0) this.#hear(peer, data, at, record.length);
      else if (this.#offloadMakesSense()) this.#datagram(peer, data, at);
      else malformed(peer);
      at += record.length + record.gap;
    } while ((record.flags & RecordFlag.more) !== 0);
    return true;
  }

  #hear(peer: Peer, data: Uint8Array, at: number, length: number): void {
    const extensions = decodeExtensions(data.slice(at, at + Math.min(length, 0xff)));
    if (extensions) this.hello(peer, extensions);
    else malformed(peer);
  }

  /** Flags, checksum and segmentation, as far as they can be wrong without looking into the datagram. */
  #offloadMakesSense(): boolean {
    const { flags, gsoType, length } = this.#record;
    if (((flags & ~RecordFlag.more) | gsoType) === 0) return true;
    if ((flags & ~knownFlags) !== 0) return false;
    if ((flags & RecordFlag.needsChecksum) !== 0) {
      if ((this.#features & Feature.checksum) === 0) return false;
    }
    if (gsoType === 0) return true;
    const { gsoSize, headerLength, checksumOffset } = this.#record;
    if ((this.#features & this.#gsoFeature(gsoType)) === 0) return false;
    if (gsoSize === 0 || gsoSize === reservedGsoSize || headerLength > length) return false;
    const offset = (gsoType & ~Gso.ecn) === Gso.udp ? udpChecksum : tcpChecksum;
    return (flags & RecordFlag.needsChecksum) !== 0 && checksumOffset === offset;
  }

  /** The checksum to be completed lies behind the IP header, and inside the datagram of `length` bytes. */
  #checksumLiesInside(b: Uint8Array, length: number): boolean {
    const { flags, gsoType, etherType, checksumStart, checksumOffset } = this.#record;
    if ((flags & RecordFlag.needsChecksum) === 0) return true;
    if (etherType === EtherType.arp) return false;
    const header = etherType === EtherType.ipv4 ? ((b[datagramAt] as number) & 0xf) * 4 : ipv6Size;
    if (checksumStart < header || checksumStart + checksumOffset + 2 > length) return false;
    // What is to be segmented has a whole header, and something behind it.
    return gsoType === 0 || checksumStart + (checksumOffset === tcpChecksum ? 20 : 8) < length;
  }

  #gsoFeature(gsoType: number): number {
    const { etherType } = this.#record;
    switch (gsoType & ~Gso.ecn) {
      case Gso.tcp4:
        return etherType === EtherType.ipv4 ? Feature.tso4 : 0;
      case Gso.tcp6:
        return etherType === EtherType.ipv6 ? Feature.tso6 : 0;
      case Gso.udp:
        return Feature.uso;
      default:
        return 0;
    }
  }

  /** The datagram of `#record` lies at `at`, all of it inside `data`. */
  #datagram(peer: Peer, data: Uint8Array, at: number): void {
    const record = this.#record;
    const { bytes } = this.#header;
    let copied = record.length <= longCopy ? record.length : shortCopy;
    move(data, at, bytes, datagramAt, copied);
    if (copied < record.length && record.etherType === EtherType.ipv6 && maybeNdp(bytes, datagramAt)) {
      const whole = Math.min(record.length, headerRoom);
      bytes.set(data.subarray(at + copied, at + whole), datagramAt + copied);
      copied = whole;
    }
    const length = this.#checked(peer, bytes, copied);
    if (length === 0) return;
    if (!this.#checksumLiesInside(bytes, length)) {
      malformed(peer);
      return;
    }
    if (!this.#header.write(peer, record)) {
      count(peer.values, PeerIndex['drops.notForUs']);
      return;
    }
    const own = Math.min(copied, length);
    if (this.#sink.deliver(bytes, datagramAt + own, data, at + own, length - own)) {
      count(peer.values, PeerIndex.rxPackets);
      count(peer.values, PeerIndex.rxBytes, length);
    } else count(peer.values, PeerIndex['drops.interface']);
  }

  /** Length of the datagram by its own header, without what trails it; 0: it is dropped, and counted. */
  #checked(peer: Peer, b: Uint8Array, copied: number): number {
    switch (this.#record.etherType) {
      case EtherType.ipv4:
        return this.#checkedIpv4(peer, b, copied);
      case EtherType.ipv6:
        return this.#checkedIpv6(peer, b, copied);
      case EtherType.arp:
        if (copied < Arp.size) return drop(peer);
        return this.#sources.arp(peer, b, datagramAt) ? Arp.size : 0;
      default:
        count(peer.values, PeerIndex['drops.unknownProtocol']);
        return 0;
    }
  }

  #checkedIpv4(peer: Peer, b: Uint8Array, copied: number): number {
    const total = be16(b, datagramAt + 2);
    if (copied < ipv4Size || (b[datagramAt] as number) >>> 4 !== 4) return drop(peer);
    if (total < ipv4Size || total > this.#record.length) return drop(peer);
    return this.#sources.ipv4(peer, b, datagramAt + 12) ? total : 0;
  }

  #checkedIpv6(peer: Peer, b: Uint8Array, copied: number): number {
    if (copied < ipv6Size || (b[datagramAt] as number) >>> 4 !== 6) return drop(peer);
    const total = ipv6Length(b, datagramAt);
    if (total > this.#record.length) return drop(peer);
    if (!this.#sources.ipv6(peer, b, datagramAt + 8)) return 0;
    if (!maybeNdp(b, datagramAt)) return total;
    return this.#sources.ndp(peer, b, datagramAt, total, copied) ? total : 0;
  }
}

const inside = (data: Uint8Array, offset: number, length: number): boolean =>
  offset >= 0 && length >= 0 && offset + length <= data.length;

function malformed(peer: Peer): false {
  count(peer.values, PeerIndex['drops.malformed']);
  return false;
}

function drop(peer: Peer): 0 {
  count(peer.values, PeerIndex['drops.malformed']);
  return 0;
}
