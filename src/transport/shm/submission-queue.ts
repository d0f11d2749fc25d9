/**
 * Our submission queue to one target: its entries, and the slots that say who waits for the answers. Tasks are put into
 * it by the nexus; brief commands are written in place by whoever sends them.
 */

import type { TaskManagementResponse } from '../../scsi/command.ts';
import type { Task } from '../task.ts';
import type { BriefSender, TransportError } from '../transport.ts';
import { Block, Brief, Flag, Kind, maxBrief, Submission, submissionBytes, submissionsAt } from './layout.ts';
import type { Peer } from './peer.ts';

const submissionWords = submissionBytes / 4;
/** Queue entries kept for task management, so that a full queue can still be cleared. */
const reserved = 4;
/** While more than half of the queue is taken, one brief command in so many asks to be noticed. */
const noticeEach = 16;
/** No tag of a task has this bit. */
const briefBit = 0x80000000;

/** The tag of the brief command with a serial number; its entry need not hold it. */
export const briefTag = (serial: number): number => serial | briefBit;

/** A task management function that waits for its response. */
export interface Management {
  readonly resolve: (response: TaskManagementResponse) => void;
  readonly reject: (error: TransportError) => void;
}

export class SubmissionQueue implements BriefSender {
  readonly maxBrief = maxBrief;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  failed: (why: string) => void = () => undefined;
  /** Commands outstanding at most, task management among them. */
  readonly depth: number;
  /** The same without. */
  readonly most: number;
  /** By slot: who waits for the answer. */
  readonly waiting: (Task | Management | undefined)[];
  /** By slot: the tag that it has now. */
  readonly tags: Int32Array;
  /** Entries so far. */
  submitted = 0;
  /** Answers taken, and as much of that as the target knows. */
  collected = 0;
  published = 0;
  /** The next entry. */
  #next: number;
  readonly #first: number;
  readonly #mask: number;
  readonly #collectedAt: number;
  /** By place in the queue: the slot, and the tag of a brief command that has not ended, or 0. */
  readonly #slotOf: Int32Array;
  readonly #briefs: Int32Array;
  /** Slots that are free: a stack. */
  readonly #free: Int32Array;
  #available: number;
  /** Commands that may still be submitted. */
  #room: number;

  constructor(peer: Peer) {
    const { region } = peer;
    this.words = region.words;
    this.bytes = region.window.bytes;
    this.#first = peer.ourBlock + submissionsAt;
    this.#next = this.#first;
    this.#collectedAt = peer.ourBlock + Block.collected;
    this.#mask = region.shape.depth - 1;
    this.depth = Math.min(region.shape.depth, peer.depth);
    this.most = Math.max(1, this.depth - reserved);
    this.waiting = new Array(this.depth).fill(undefined);
    this.tags = new Int32Array(this.depth);
    this.#slotOf = new Int32Array(region.shape.depth).fill(-1);
    this.#briefs = new Int32Array(region.shape.depth);
    this.#free = Int32Array.from({ length: this.depth }, (_, i) => this.depth - 1 - i);
    this.#available = this.depth;
    this.#room = this.most;
  }

  /** Commands outstanding. */
  get queued(): number {
    return this.most - this.#room;
  }

  /** No more tasks fit. */
  get full(): boolean {
    return this.#room <= 0;
  }

  /** Takes a slot; undefined: there is none. */
  take(waiting: Task | Management): number | undefined {
    if (this.#available === 0) return undefined;
    const slot = this.#free[--this.#available] as number;
    this.#room--;
    this.waiting[slot] = waiting;
    return slot;
  }

  give(slot: number): void {
    this.waiting[slot] = undefined;
    this.#free[this.#available++] = slot;
    this.#room++;
  }

  /** The slot of the command with a serial number. */
  slotOf(serial: number): number {
    return this.#slotOf[serial & this.#mask] as number;
  }

  /** Starts the next entry, with a tag that this slot has not had lately. */
  entry(slot: number): number {
    const tag = (((this.tags[slot] as number) + 0x10000) & 0x7fff0000) | slot;
    this.tags[slot] = tag;
    this.#slotOf[this.submitted & this.#mask] = slot;
    const at = this.#next;
    this.words[at + Submission.tag] = tag;
    return at;
  }

  /** Shows the target the next entry. */
  post(): void {
    if (this.published !== this.collected) this.publish();
    const at = this.#next;
    const submitted = (this.submitted + 1) | 0;
    this.submitted = submitted;
    this.#next = this.#first + (submitted & this.#mask) * submissionWords;
    Atomics.store(this.words, at + Submission.serial, submitted);
  }

  /** Tells the target which answers were taken. */
  publish(): void {
    if (this.published === this.collected) return;
    this.published = this.collected;
    Atomics.store(this.words, this.#collectedAt, this.collected);
  }

  begin(): number {
    const free = this.#room > 0 && this.#briefs[this.submitted & this.#mask] === 0;
    return free ? this.#next + Brief.data : -1;
  }

  end(cdb0: number, cdb1: number, cdb2: number, cdbLength: number, length: number): void {
    const { words, submitted } = this;
    const at = this.#next;
    const room = --this.#room;
    this.#briefs[submitted & this.#mask] = submitted | briefBit;
    const crowded = room * 2 < this.most && submitted % noticeEach === 0;
    const flags = crowded ? Flag.notify : 0;
    words[at + Brief.head] = Kind.brief | (cdbLength << 8) | flags | (length << 24);
    words[at + Brief.cdb] = cdb0;
    words[at + Brief.cdb + 1] = cdb1;
    words[at + Brief.cdb + 2] = cdb2;
    this.post();
  }

  /** A brief command has ended; false: there is none with that tag. */
  endBrief(tag: number): boolean {
    const index = tag & this.#mask;
    if (this.#briefs[index] !== tag) return false;
    this.#briefs[index] = 0;
    this.#room++;
    return true;
  }

  /** The nexus is dead: ends the brief commands, and takes no more. */
  shut(why: string): void {
    let ended = false;
    for (const tag of this.#briefs) ended = (tag !== 0 && this.endBrief(tag)) || ended;
    this.begin = () => -1;
    if (ended) this.failed(why);
  }
}
