/** The initiator's side of a nexus in shared memory: tasks go into our submission queue, answers come from the target's completion queue. */

import { TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength, type Task, type TransportFault } from '../task.ts';
import { type InitiatorNexus, type Limits, TransportError } from '../transport.ts';
import { copyShort, copyWords } from './copy-short.ts';
import {
  Block,
  Completion,
  completionBytes,
  completionsAt,
  Flag,
  Kind,
  maxData,
  maxInline,
  Submission,
  submissionBytes,
  submissionsAt,
} from './layout.ts';
import type { Peer } from './peer.ts';

const submissionWords = submissionBytes / 4;
const completionWords = completionBytes / 4;
/** Queue entries kept for task management, so that a full queue can still be cleared. */
const reserved = 4;

interface Management {
  readonly resolve: (response: TaskManagementResponse) => void;
  readonly reject: (error: TransportError) => void;
}

export class ShmNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits: Limits;
  alive = true;
  /** What new tasks end with once the nexus is dead. */
  #refusal: TransportFault = 'selection-timeout';
  readonly #peer: Peer;
  /** By slot: who waits for the answer. */
  readonly #waiting: (Task | Management | undefined)[];
  readonly #bounces: Int32Array;
  readonly #free: number[];
  readonly #tags: Int32Array;
  /** By place in the submission queue. */
  readonly #slotOf: Int32Array;
  #submitted = 0;
  #collected = 0;
  /** As much of `#collected` as the target knows. */
  #published = 0;
  readonly #depth: number;
  /** First words of queues: ours for submissions, the peer's for answers. */
  readonly #submissions: number;
  readonly #answers: number;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.target = peer.id;
    this.#depth = Math.min(peer.region.shape.depth, peer.depth);
    this.limits = { maxDataOut: maxData, maxDataIn: maxData, maxQueued: Math.max(1, this.#depth - reserved) };
    this.#waiting = new Array(this.#depth).fill(undefined);
    this.#bounces = new Int32Array(this.#depth).fill(-1);
    this.#tags = new Int32Array(this.#depth);
    this.#slotOf = new Int32Array(peer.region.shape.depth).fill(-1);
    this.#free = Array.from({ length: this.#depth }, (_, i) => this.#depth - 1 - i);
    this.#submissions = peer.ourBlock + submissionsAt;
    this.#answers = peer.theirBlock + completionsAt(peer.depth);
  }

  get queued(): number {
    return this.#depth - this.#free.length;
  }

  submit(task: Task): boolean {
    const peer = this.#peer;
    if (!this.alive) return peer.failLater(task, this.#refusal);
    if (task.dataOutLength > maxData || task.dataInLength > maxData || task.cdbLength > maxCdbLength)
      return peer.failLater(task, 'too-large');
    if (this.#free.length <= this.#depth - this.limits.maxQueued) return false;
    const inline = task.dataOutLength > 0 && task.dataOutLength <= maxInline;
    const bounce = inline ? -1 : this.#place(task);
    if (bounce === -2) return false;
    const slot = this.#free.pop() as number;
    this.#waiting[slot] = task;
    this.#bounces[slot] = bounce;
    task.slot = slot;
    task.fault = undefined;
    const words = peer.region.words;
    const at = this.#entry(slot);
    const flags = (task.notify ? Flag.notify : 0) | (inline ? Flag.inline : 0);
    words[at + Submission.head] = Kind.command | (task.cdbLength << 8) | flags | (task.attribute << 24);
    words[at + Submission.lun] = task.lun;
    words[at + Submission.dataOutOffset] =
      bounce >= 0 ? bounce : task.dataOut.byteOffset + task.dataOutOffset;
    words[at + Submission.dataOutLength] = task.dataOutLength;
    words[at + Submission.dataInLength] = task.dataInLength;
    copyWords(words, at + Submission.cdb, task.cdbWords, 0, (task.cdbLength + 3) >>> 2);
    if (inline) this.#putInline(task, at + Submission.inline);
    this.#post(at);
    return true;
  }

  /** Short data-out goes into the queue entry, as words where it lies in our region on a word's boundary. */
  #putInline({ dataOut, dataOutOffset, dataOutLength }: Task, at: number): void {
    const { words, window } = this.#peer.region;
    const from = dataOut.byteOffset + dataOutOffset;
    if (dataOut.buffer === window.buffer && (from & 3) === 0 && (dataOutLength & 3) === 0)
      copyWords(words, at, words, from >>> 2, dataOutLength >>> 2);
    else copyShort(window.bytes, at * 4, dataOut, dataOutOffset, dataOutLength);
  }

  /** Where the target finds the data-out: -1 where it lies, a slot it was copied to, or -2: no slot is free. */
  #place(task: Task): number {
    const { region, slots } = this.#peer;
    if (task.dataOutLength === 0 || task.dataOut.buffer === region.window.buffer) return -1;
    const slot = slots.take();
    if (slot < 0) return -2;
    const { dataOut, dataOutOffset, dataOutLength } = task;
    region.window.bytes.set(dataOut.subarray(dataOutOffset, dataOutOffset + dataOutLength), slot);
    return slot;
  }

  /** Starts the next queue entry with a tag that this slot has not had lately. */
  #entry(slot: number): number {
    const tag = (((this.#tags[slot] as number) + 0x10000) & 0x7fff0000) | slot;
    this.#tags[slot] = tag;
    const index = this.#submitted & (this.#peer.region.shape.depth - 1);
    this.#slotOf[index] = slot;
    const at = this.#submissions + index * submissionWords;
    this.#peer.region.words[at + Submission.tag] = tag;
    return at;
  }

  #post(at: number): void {
    this.#publish();
    this.#submitted = (this.#submitted + 1) | 0;
    Atomics.store(this.#peer.region.words, at + Submission.serial, this.#submitted);
  }

  kick(): void {
    this.#peer.ringForCommands();
  }

  abort(task: Task): void {
    if (this.#waiting[task.slot] === task)
      this.manage(TaskManagement.abortTask, task.lun, task).catch(() => undefined);
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    return new Promise((resolve, reject) => {
      const slot = this.alive ? this.#free.pop() : undefined;
      if (slot === undefined) {
        const fault = this.alive ? 'too-large' : this.#refusal;
        reject(new TransportError(fault, `task management for target ${this.target}: ${fault}`));
        return;
      }
      const about = task && task.slot >= 0 ? (this.#tags[task.slot] as number) : -1;
      this.#waiting[slot] = { resolve, reject };
      const at = this.#entry(slot);
      const words = this.#peer.region.words;
      words[at + Submission.head] = Kind.management | Flag.notify | (what << 24);
      words[at + Submission.lun] = lun;
      words[at + Submission.about] = about;
      this.#post(at);
      this.kick();
    });
  }

  /** Are there answers to collect? */
  get pending(): boolean {
    return Atomics.load(this.#peer.theirWords, this.#peer.theirBlock + Block.answered) !== this.#collected;
  }

  /** Takes what the target answered; returns how many. */
  collect(): number {
    const peer = this.#peer;
    // A plain look first: see Served.serve.
    if (peer.theirWords[peer.theirBlock + Block.answered] === this.#collected) return 0;
    const answered = Atomics.load(peer.theirWords, peer.theirBlock + Block.answered);
    const count = (answered - this.#collected) | 0;
    if (count === 0) return 0;
    if (count < 0 || count > this.#depth) return peer.fail('more answers than commands');
    for (let i = 0; i < count && this.alive; i++) {
      const at = this.#answers + (this.#collected & (peer.depth - 1)) * completionWords;
      this.#collected = (this.#collected + 1) | 0;
      if (!this.#conclude(at)) return peer.fail('an answer to no command');
    }
    if (this.alive) this.#publish();
    return count;
  }

  /** Tells the target which answers were taken. */
  #publish(): void {
    if (this.#published === this.#collected) return;
    this.#published = this.#collected;
    Atomics.store(this.#peer.region.words, this.#peer.ourBlock + Block.collected, this.#collected);
  }

  #conclude(at: number): boolean {
    const words = this.#peer.theirWords;
    const tag = words[at + Completion.tag] as number;
    const head = words[at + Completion.head] as number;
    const slot = tag & 0xffff;
    const kind = head & 0xff;
    if (kind === Kind.run) return this.#concludeRun(tag, (head >>> 8) & 0xffff);
    const waiting = this.#waiting[slot];
    if (!waiting || this.#tags[slot] !== tag) return false;
    const code = (head >>> 8) & 0xff;
    if ('resolve' in waiting) {
      if (kind !== Kind.response) return false;
      this.#release(slot);
      waiting.resolve(code as TaskManagementResponse);
      return true;
    }
    if (kind === Kind.answer && !this.#fill(waiting, at, code as Status, head >>> 16)) return false;
    if (kind !== Kind.answer && kind !== Kind.abandoned) return false;
    this.#release(slot);
    if (kind === Kind.abandoned) waiting.fail(code === 1 ? 'selection-timeout' : 'aborted');
    else waiting.done(waiting);
    return true;
  }

  /** Commands that all ended well, by serial number. */
  #concludeRun(first: number, count: number): boolean {
    for (let i = 0; i < count && this.alive; i++) {
      const serial = (first + i) | 0;
      const age = (this.#submitted - serial) | 0;
      if (age <= 0 || age > this.#depth) return false;
      const slot = this.#slotOf[serial & (this.#peer.region.shape.depth - 1)] as number;
      const task = this.#waiting[slot];
      if (!task || 'resolve' in task || task.notify || task.dataInLength > 0) return false;
      task.status = Status.good;
      task.senseLength = 0;
      task.dataInTransferred = 0;
      task.residual = 0;
      this.#release(slot);
      task.done(task);
    }
    return true;
  }

  /** Copies the outcome into the task; false when it points outside the target's region. */
  #fill(task: Task, at: number, status: Status, senseLength: number): boolean {
    const { theirWords: words, theirBytes: bytes, size } = this.#peer;
    const offset = words[at + Completion.dataInOffset] as number;
    const length = words[at + Completion.dataInLength] as number;
    const sense = words[at + Completion.senseOffset] as number;
    if (length < 0 || length > task.dataInLength || senseLength > maxSenseLength) return false;
    if (length > 0) {
      if (offset < 0 || offset + length > size) return false;
      task.dataIn.set(bytes.subarray(offset, offset + length), task.dataInOffset);
    }
    if (senseLength > 0) {
      if (sense < 0 || sense + senseLength > size) return false;
      task.sense.set(bytes.subarray(sense, sense + senseLength));
    }
    task.status = status;
    task.senseLength = senseLength;
    task.dataInTransferred = length;
    const wanted = words[at + Completion.dataInWanted] as number;
    task.residual =
      task.dataInLength > 0 || wanted > 0
        ? task.dataInLength - wanted
        : task.dataOutLength - (words[at + Completion.dataOutWanted] as number);
    return true;
  }

  #release(slot: number): void {
    const waiting = this.#waiting[slot];
    if (waiting && !('resolve' in waiting)) waiting.slot = -1;
    this.#waiting[slot] = undefined;
    this.#peer.slots.give(this.#bounces[slot] as number);
    this.#bounces[slot] = -1;
    this.#free.push(slot);
  }

  /** Ends everything that waits. */
  end(fault: TransportFault): void {
    this.alive = false;
    if (fault === 'closed') this.#refusal = 'closed';
    for (let slot = 0; slot < this.#depth; slot++) {
      const waiting = this.#waiting[slot];
      if (!waiting) continue;
      this.#release(slot);
      if ('resolve' in waiting) waiting.reject(new TransportError(fault, `target ${this.target}: ${fault}`));
      else waiting.fail(fault);
    }
  }
}
