/**
 * The envelope in front of every message, and the commands that carry messages. docs/mpi-wire.md tells the whole.
 * On the data path the envelope is written and read by hand (R5), with the layout as its oracle.
 */

import { struct, u8, u16, u32 } from '../bytes/fields.ts';

/** What a SEND MESSAGE(10) in stream 0 says. */
export const Kind = {
  /** The data follow in this command. */
  eager: 1,
  /** As eager, and the sender wants to know when it is matched. */
  synchronous: 2,
  /** The data come in commands of their own, in stream `id`, and are on their way. */
  long: 3,
  /** As long, but the data wait for `ready`. */
  announced: 4,
  /** Back to the sender: the announced message `id` is matched, send its data. */
  ready: 5,
  /** Back to the sender: the synchronous message `id` is matched. */
  matched: 6,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export const Envelope = struct('MPI envelope', 24, {
  kind: u8(0),
  /** Rank of the sender in the communicator that the context belongs to. */
  source: u16(2),
  /** Two per communicator: point to point, and one more for collectives. */
  context: u32(4),
  tag: u32(8),
  /** Bytes of the message. */
  length: u32(12),
  /** The sender's number for a message that it hears of again. */
  id: u16(16),
  /** Counts the envelopes from this sender to this receiver. */
  sequence: u32(20),
});
export const envelopeBytes = 24;

/** Writes an envelope at byte `at`. */
export function writeEnvelope(
  view: DataView,
  at: number,
  kind: Kind,
  source: number,
  context: number,
  tag: number,
  length: number,
  id: number,
  sequence: number,
): void {
  view.setInt32(at, (kind << 24) | source);
  view.setInt32(at + 4, context);
  view.setInt32(at + 8, tag);
  view.setInt32(at + 12, length);
  view.setInt32(at + 16, id << 16);
  view.setInt32(at + 20, sequence);
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A big-endian number as a word in the machine's order, and back. */
export const swapped = (word: number): number =>
  littleEndian ? (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24) : word;

/** The sequence number of the envelope at byte `at`. */
export const readSequence = (view: DataView, at: number): number => view.getInt32(at + 20);

/** An envelope that was read: one object, used again for the next. */
export class ReadEnvelope {
  kind = 0;
  source = 0;
  context = 0;
  tag = 0;
  length = 0;
  id = 0;
  sequence = 0;

  read(view: DataView, at: number): void {
    const first = view.getInt32(at);
    this.kind = first >>> 24;
    this.source = first & 0xffff;
    this.context = view.getInt32(at + 4) >>> 0;
    this.tag = view.getInt32(at + 8);
    this.length = view.getInt32(at + 12) >>> 0;
    this.id = view.getInt32(at + 16) >>> 16;
    this.sequence = view.getInt32(at + 20);
  }
}
