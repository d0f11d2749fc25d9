/**
 * Answers on their way to an initiator: its completion queue in our region, the reply slots that their data lie in,
 * and answers that wait for such a slot. A run of commands that merely ended well, which nobody waits for, is answered
 * by one entry, and not before there are some.
 */

import { maxSenseLength } from '../task.ts';
import { Block, Completion, completionBytes, completionsAt, Kind, maxData } from './layout.ts';
import type { Peer } from './peer.ts';

const completionWords = completionBytes / 4;
/** Looks at an idle queue before a run that is not full is told of. */
const patience = 64;
const longestRun = 32;

/** An answer with data or sense data. */
interface Reply {
  readonly tag: number;
  readonly head: number;
  readonly outWanted: number;
  readonly inWanted: number;
  readonly dataIn: Uint8Array;
  readonly sense: Uint8Array;
}

export class Answers {
  /** Commands whose answers the initiator has taken. */
  ended = 0;
  readonly #peer: Peer;
  readonly #depth: number;
  readonly #entries: number;
  /** By entry: the reply slot it uses, and how many commands it ends. */
  readonly #slots: Int32Array;
  readonly #weights: Int32Array;
  readonly #waiting: Reply[] = [];
  #answered = 0;
  #published = 0;
  #collected = 0;
  /** Reply slots in use for this initiator: never more than half of them, so that others get theirs. */
  #slotsHeld = 0;
  /** The run: its first command and its length. */
  #runFirst = 0;
  #run = 0;
  #runAge = 0;
  readonly #longestRun: number;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.#depth = peer.region.shape.depth;
    this.#entries = peer.ourBlock + completionsAt(this.#depth);
    this.#slots = new Int32Array(this.#depth).fill(-1);
    this.#weights = new Int32Array(this.#depth);
    this.#longestRun = Math.min(longestRun, Math.min(this.#depth, peer.depth) >>> 2);
  }

  /** There are answers that are not told of, or not taken. */
  get busy(): boolean {
    return this.#run > 0 || this.#collected !== this.#answered || this.#waiting.length > 0;
  }

  /** Command `serial` ended well, and its initiator need not know soon. */
  append(serial: number): void {
    if (this.#run > 0 && ((this.#runFirst + this.#run) | 0) !== serial) this.#endRun();
    if (this.#run === 0) this.#runFirst = serial;
    this.#runAge = 0;
    if (++this.#run < this.#longestRun) return;
    this.#endRun();
    this.publish();
  }

  #endRun(): void {
    const count = this.#run;
    this.#run = 0;
    this.#put(this.#runFirst, Kind.run | (count << 8), 0, 0, 0, 0, -1, count);
  }

  /** Nothing came: a run that has waited for long enough is told of. */
  age(): void {
    if (this.#run > 0 && ++this.#runAge >= patience) this.settle();
  }

  /** Tells of everything; true: there was something to tell. */
  settle(): boolean {
    if (this.#run === 0) return false;
    this.#endRun();
    this.publish();
    return true;
  }

  /** An answer without data. */
  bare(tag: number, head: number, outWanted: number, inWanted: number): void {
    if (this.#run > 0) this.#endRun();
    this.#put(tag, head, 0, outWanted, inWanted, 0, -1, 1);
  }

  /** An answer with data; waits for a reply slot if need be. The bytes are copied. */
  full(
    tag: number,
    head: number,
    outWanted: number,
    inWanted: number,
    dataIn: Uint8Array,
    sense: Uint8Array,
  ): void {
    if (this.#run > 0) this.#endRun();
    const slot = this.#waiting.length > 0 ? -1 : this.#takeSlot();
    const reply = { tag, head, outWanted, inWanted, dataIn, sense };
    if (slot >= 0) this.#putFull(reply, slot);
    else this.#waiting.push({ ...reply, dataIn: dataIn.slice(), sense: sense.slice(0, maxSenseLength) });
  }

  #putFull({ tag, head, outWanted, inWanted, dataIn, sense }: Reply, slot: number): void {
    const bytes = this.#peer.region.window.bytes;
    bytes.set(dataIn, slot);
    bytes.set(sense, slot + maxData);
    this.#put(tag, head, dataIn.length, outWanted, inWanted, slot, slot, 1);
  }

  #put(
    tag: number,
    head: number,
    length: number,
    outWanted: number,
    inWanted: number,
    at: number,
    slot: number,
    weight: number,
  ): void {
    const words = this.#peer.region.words;
    const index = this.#answered & (this.#depth - 1);
    const entry = this.#entries + index * completionWords;
    words[entry + Completion.tag] = tag;
    words[entry + Completion.head] = head;
    words[entry + Completion.dataInOffset] = at;
    words[entry + Completion.dataInLength] = length;
    words[entry + Completion.dataOutWanted] = outWanted;
    words[entry + Completion.dataInWanted] = inWanted;
    words[entry + Completion.senseOffset] = at + maxData;
    this.#slots[index] = slot;
    this.#weights[index] = weight;
    this.#answered = (this.#answered + 1) | 0;
  }

  /** Shows the initiator what was put. */
  publish(): void {
    if (this.#published === this.#answered) return;
    this.#published = this.#answered;
    Atomics.store(this.#peer.region.words, this.#peer.ourBlock + Block.answered, this.#answered);
    this.#peer.answersDue = true;
  }

  /** Frees the reply slots of answers that the initiator has taken, and sends answers that waited for one; false: it lies. */
  reclaim(): boolean {
    if (this.#collected === this.#answered && this.#waiting.length === 0) return true;
    const peer = this.#peer;
    const at = peer.theirBlock + Block.collected;
    if (peer.theirWords[at] !== this.#collected) {
      const count = (Atomics.load(peer.theirWords, at) - this.#collected) | 0;
      if (count < 0 || count > ((this.#published - this.#collected) | 0)) return false;
      for (let i = 0; i < count; i++) this.#free();
    }
    if (this.#waiting.length > 0) this.#sendWaiting();
    return true;
  }

  #takeSlot(): number {
    const { slots } = this.#peer;
    if (this.#slotsHeld >= slots.count / 2) return -1;
    const slot = slots.take();
    if (slot >= 0) this.#slotsHeld++;
    return slot;
  }

  #free(): void {
    const index = this.#collected & (this.#depth - 1);
    const slot = this.#slots[index] as number;
    if (slot >= 0) {
      this.#peer.slots.give(slot);
      this.#slots[index] = -1;
      this.#slotsHeld--;
    }
    this.ended = (this.ended + (this.#weights[index] as number)) | 0;
    this.#collected = (this.#collected + 1) | 0;
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#takeSlot();
      if (slot < 0) break;
      if (this.#run > 0) this.#endRun();
      this.#putFull(this.#waiting.shift() as Reply, slot);
      this.#peer.noticeDue = true;
    }
    this.publish();
  }

  /** The nexus is lost: frees its reply slots. */
  end(): void {
    while (this.#collected !== this.#answered) this.#free();
    this.#waiting.length = 0;
    this.#run = 0;
  }
}
