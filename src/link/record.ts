/**
 * The ipscsi extended message: what SEND MESSAGE carries between peers that both announced it. Data-out is a sequence
 * of records: a header of 16 bytes, a datagram, and `gap` bytes of padding if another record follows. The header is the
 * size of an Ethernet header plus two, so that it fits in front of a datagram read from a TAP device.
 */

import { struct, u8, u16 } from '../bytes/fields.ts';
import { be16, putBe16 } from './octets.ts';

/** Stream selection of extended messages: "IX". */
export const extendedStream = 0x4958;
export const recordSize = 16;

/** Header of a record. Offsets count from the datagram's first byte, as virtio_net_hdr's do from the frame's. */
export const RecordHeader = struct('ipscsi record', recordSize, {
  flags: u8(0),
  gsoType: u8(1), // virtio_net_hdr's gso_type
  etherType: u16(2), // 0: a hello, whose payload is VPD page C0h of the sender
  length: u16(4), // bytes of the datagram
  headerLength: u16(6),
  gsoSize: u16(8),
  checksumStart: u16(10),
  checksumOffset: u16(12), // from checksumStart
  gap: u16(14), // bytes between this datagram and the next record
});

/** Bits of `flags`; the first two are virtio_net_hdr's. */
export const RecordFlag = {
  needsChecksum: 1,
  dataValid: 2,
  /** Sent to a group address: broadcast, unless the IP destination is multicast. */
  group: 4,
  /** Sent to a MAC address whose peer we do not know: only for him who knows that address. */
  unknown: 8,
  /** Another record follows. What lies behind the last one means nothing: carriers may pad. */
  more: 16,
} as const;
export const knownFlags = 0x1f;
/** Records in one message: a limit to how long one command may keep its target busy. */
export const maxRecords = 256;

/** A record's header as plain numbers: what the per-packet code fills and reads, without a view. */
export interface RecordValues {
  flags: number;
  gsoType: number;
  etherType: number;
  length: number;
  headerLength: number;
  gsoSize: number;
  checksumStart: number;
  checksumOffset: number;
  gap: number;
}

/** Hand-written twin of RecordHeader.encode. */
export function writeRecord(b: Uint8Array, at: number, r: Readonly<RecordValues>): void {
  b[at] = r.flags;
  b[at + 1] = r.gsoType;
  putBe16(b, at + 2, r.etherType);
  putBe16(b, at + 4, r.length);
  putBe16(b, at + 6, r.headerLength);
  putBe16(b, at + 8, r.gsoSize);
  putBe16(b, at + 10, r.checksumStart);
  putBe16(b, at + 12, r.checksumOffset);
  putBe16(b, at + 14, r.gap);
}

/** Hand-written twin of RecordHeader.decode; reads every byte once. The caller sees to the bounds. */
export function readRecord(b: Uint8Array, at: number, into: RecordValues): void {
  into.flags = b[at] as number;
  into.gsoType = b[at + 1] as number;
  into.etherType = be16(b, at + 2);
  into.length = be16(b, at + 4);
  into.headerLength = be16(b, at + 6);
  into.gsoSize = be16(b, at + 8);
  into.checksumStart = be16(b, at + 10);
  into.checksumOffset = be16(b, at + 12);
  into.gap = be16(b, at + 14);
}

export const emptyRecord = (): RecordValues => ({
  flags: 0,
  gsoType: 0,
  etherType: 0,
  length: 0,
  headerLength: 0,
  gsoSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
  gap: 0,
});

/** Makes the record that was the last be followed by another `gap` bytes after its datagram, and clears what lies between. */
export function chainRecord(b: Uint8Array, lastAt: number, datagramEnd: number, nextAt: number): void {
  b[lastAt] = (b[lastAt] as number) | RecordFlag.more;
  putBe16(b, lastAt + 14, nextAt - datagramEnd);
  b.fill(0, datagramEnd, nextAt);
}
