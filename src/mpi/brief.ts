/**
 * Eager messages as brief commands, for transports that take them: envelope and data are written straight to where the
 * target reads them, word by word, and nothing is left to be done when they end. Words of the envelope that are
 * the same as in the message before are not worked out again.
 */

import { CommunicationsOpcode } from '../scsi/opcodes.ts';
import type { BriefSender, InitiatorNexus } from '../transport/transport.ts';
import { envelopeBytes, Kind, swapped } from './envelope.ts';
import { WordCache } from './typed.ts';

/** A word that begins with a byte, in the machine's order. */
const wordOf = (byte: number): number => new Int32Array(Uint8Array.of(byte, 0, 0, 0).buffer)[0] as number;

/** The first word of a SEND MESSAGE(10) in stream 0, and the third by its length; the second is 0. */
export const briefCdb: number = wordOf(CommunicationsOpcode.sendMessage10);
const lengths: Int32Array = Int32Array.from({ length: 256 }, (_, length) => wordOf(length));
const cdbLength = 10;
export const envelopeWords = envelopeBytes / 4;

/** Copies the data of brief messages, from or to word `at` of the region: as words where the user's are known. */
export class BriefCopy {
  readonly #cache = new WordCache();

  /** Out of the user's memory. */
  out(words: Int32Array, bytes: Uint8Array, at: number, from: Uint8Array, length: number): void {
    const own = this.#cache.wordsOf(from);
    const whole = own ? length >>> 2 : 0;
    if (own) for (let i = 0; i < whole; i++) words[at + i] = own[i] as number;
    for (let i = whole * 4; i < length; i++) bytes[at * 4 + i] = from[i] as number;
  }

  /** Into it. */
  into(to: Uint8Array, words: Int32Array, bytes: Uint8Array, at: number, length: number): void {
    const own = this.#cache.wordsOf(to);
    const whole = own ? length >>> 2 : 0;
    if (own) for (let i = 0; i < whole; i++) own[i] = words[at + i] as number;
    for (let i = whole * 4; i < length; i++) to[i] = bytes[at * 4 + i] as number;
  }
}

export class BriefOut {
  /** Bytes of the greatest message that fits. */
  readonly room: number;
  readonly #brief: BriefSender;
  readonly #nexus: InitiatorNexus;
  readonly #copy = new BriefCopy();
  #source = -1;
  #first = 0;
  #context = -1;
  #second = 0;
  #tag = -1;
  #third = 0;

  constructor(nexus: InitiatorNexus, brief: BriefSender) {
    this.#nexus = nexus;
    this.#brief = brief;
    this.room = brief.maxBrief - envelopeBytes;
  }

  /** Sends an eager message of at most `room` bytes; false: the queue is full. */
  send(source: number, context: number, tag: number, bytes: Uint8Array, sequence: number): boolean {
    const brief = this.#brief;
    const at = brief.begin();
    if (at < 0) return false;
    if (source !== this.#source || context !== this.#context || tag !== this.#tag)
      this.#address(source, context, tag);
    const { words } = brief;
    const { length } = bytes;
    words[at] = this.#first;
    words[at + 1] = this.#second;
    words[at + 2] = this.#third;
    words[at + 3] = swapped(length);
    words[at + 4] = 0;
    words[at + 5] = swapped(sequence);
    this.#copy.out(words, brief.bytes, at + envelopeWords, bytes, length);
    const total = envelopeBytes + length;
    brief.end(briefCdb, 0, lengths[total] as number, cdbLength, total);
    this.#nexus.kick();
    return true;
  }

  #address(source: number, context: number, tag: number): void {
    this.#source = source;
    this.#first = swapped((Kind.eager << 24) | source);
    this.#context = context;
    this.#second = swapped(context);
    this.#tag = tag;
    this.#third = swapped(tag);
  }
}
