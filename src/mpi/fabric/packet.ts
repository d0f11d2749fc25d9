/**
 * Routed packets: the data-out of SEND MESSAGE(12) to LUN 1 of the next node. A chunk carries its way and a message;
 * docs/mpi-wire.md tells the whole. On the data path headers are written and read by hand (R5), with the layouts as their oracle.
 */

import { bits, struct, u8, u16, u32 } from '../../bytes/fields.ts';
import type { Chunk } from '../route/packet.ts';

export const packetVersion = 1;

export const PacketKind = {
  /** A piece of a message, on its way. */
  chunk: 1,
  /** Which ports nodes hear. */
  adverts: 2,
  /** The source has left, or died, for good. */
  departure: 3,
} as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

export const PacketHeader = struct('routed packet', 32, {
  version: u8(0),
  kind: u8(1),
  /** Nodes. */
  source: u16(2),
  target: u16(4),
  /** Hops of the way behind this header. */
  hops: u8(6),
  leads: bits(7, 7),
  ends: bits(7, 6),
  /** Counts the chunks of this pair: 16 bits more than most jobs need. */
  sequenceHigh: u16(8),
  sequence: u32(10),
  /** The source's name for the message. */
  message: u32(14),
  /** Which life of the source this is, and which of the target it is for. */
  sourceLife: u16(18),
  targetLife: u16(20),
  /** Counts the beginnings of this pair: what is of an earlier one is dropped. */
  epoch: u32(22),
  /** Bytes behind the way. */
  length: u32(26),
});
export const headerBytes = 32;

/** One hop of a way: ports as the network numbers them. */
export const HopLayout = struct('hop', 4, { from: u16(0), to: u16(2) });
export const hopBytes = 4;
/** Hops that a way has at most. */
export const maxHops = 16;

/** Writes header and way of a chunk at the beginning of a packet; returns where the message goes. */
export function writeChunk(
  view: DataView,
  { source, target, sequence, message, leads, ends, way }: Chunk,
  sourceLife: number,
  targetLife: number,
  epoch: number,
): number {
  view.setUint16(0, (packetVersion << 8) | PacketKind.chunk);
  view.setUint16(2, source);
  view.setUint16(4, target);
  view.setUint16(6, (way.length << 8) | (leads ? 0x80 : 0) | (ends ? 0x40 : 0));
  view.setUint16(8, sequence / 2 ** 32);
  view.setInt32(10, sequence);
  view.setInt32(14, message);
  view.setUint16(18, sourceLife);
  view.setUint16(20, targetLife);
  view.setInt32(22, epoch);
  view.setInt32(26, 0);
  view.setUint16(30, 0);
  let at = headerBytes;
  for (const { from, to } of way) {
    view.setUint16(at, from);
    view.setUint16(at + 2, to);
    at += hopBytes;
  }
  return at;
}

/** Puts down how many bytes came to lie behind the way. */
export const writeLength = (view: DataView, length: number): void => view.setInt32(26, length);

/** What a message is. */
export const MessageKind = {
  /** Nothing: the pair begins anew. */
  hello: 1,
  /** A task. */
  command: 2,
  /** How it ended. */
  answer: 3,
  /** A task management function. */
  management: 4,
  /** How that ended. */
  response: 5,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** How a task or a function ended without an answer. */
export const MessageFault = { none: 0, aborted: 1, noTarget: 2 } as const;

export const MessageHeader = struct('routed message', 20, {
  kind: u8(0),
  /** Task attribute, status, function or response. */
  code: u8(1),
  fault: u8(2),
  /** Bytes of the CDB or of the sense data, which follow, filled up to a multiple of 4. */
  extra: u8(3),
  /** The initiator's name for the task or function. */
  tag: u32(4),
  lun: u32(8),
  /** Room for data-in; residual, as a two's complement; or the tag that a function is about. */
  value: u32(12),
  /** Bytes of data, which come last. */
  data: u32(16),
});
export const messageBytes = 20;

/** Bytes of a message. */
export const messageSize = (extra: number, data: number): number => messageBytes + ((extra + 3) & ~3) + data;

/** Writes a message's header at byte `at`. */
export function writeMessage(
  view: DataView,
  at: number,
  kind: MessageKind,
  code: number,
  fault: number,
  extra: number,
  tag: number,
  lun: number,
  value: number,
  data: number,
): void {
  view.setInt32(at, (kind << 24) | (code << 16) | (fault << 8) | extra);
  view.setInt32(at + 4, tag);
  view.setInt32(at + 8, lun);
  view.setInt32(at + 12, value);
  view.setInt32(at + 16, data);
}

/** A message's header that was read: one object, used again for the next. */
export class ReadMessage {
  kind = 0;
  code = 0;
  fault = 0;
  extra = 0;
  tag = 0;
  lun = 0;
  value = 0;
  data = 0;

  /** Reads `length` bytes from `at`; false: they are no message. */
  read(view: DataView, at: number, length: number): boolean {
    if (length < messageBytes) return false;
    const first = view.getInt32(at);
    this.kind = first >>> 24;
    this.code = (first >>> 16) & 0xff;
    this.fault = (first >>> 8) & 0xff;
    this.extra = first & 0xff;
    this.tag = view.getUint32(at + 4);
    this.lun = view.getUint32(at + 8);
    this.value = view.getInt32(at + 12);
    this.data = view.getUint32(at + 16);
    return (
      this.kind >= MessageKind.hello &&
      this.kind <= MessageKind.response &&
      messageSize(this.extra, this.data) === length
    );
  }
}
