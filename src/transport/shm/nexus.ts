/** The initiator's side of a nexus in shared memory: tasks go into our submission queue, answers come from the target's completion queue. */

import { TaskManagement, type TaskManagementResponse } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength, type Task, type TransportFault } from '../task.ts';
import {
  type BriefSender,
  type FarData,
  type InitiatorNexus,
  type Limits,
  TransportError,
} from '../transport.ts';
import { copyShort, copyWords } from './copy-short.ts';
import { FarOffer } from './far-reader.ts';
import {
  Block,
  Completion,
  completionBytes,
  completionsAt,
  Flag,
  Kind,
  maxData,
  maxFar,
  maxInline,
  Submission,
} from './layout.ts';
import { look } from './look.ts';
import type { Peer } from './peer.ts';
import { briefTag, SubmissionQueue } from './submission-queue.ts';

const completionWords = completionBytes / 4;

export class ShmNexus implements InitiatorNexus {
  readonly target: number;
  readonly limits: Limits;
  readonly brief: BriefSender;
  alive = true;
  /** What new tasks end with once the nexus is dead. */
  #refusal: TransportFault = 'selection-timeout';
  readonly #peer: Peer;
  readonly #queue: SubmissionQueue;
  /** By slot: where its data-out was copied to. */
  readonly #bounces: Int32Array;
  readonly #theirWords: Int32Array;
  /** The word that counts the target's answers, and the first of its queue of them. */
  readonly #answered: number;
  readonly #answers: number;
  readonly #offer: FarOffer;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.target = peer.id;
    this.#queue = new SubmissionQueue(peer);
    this.brief = this.#queue;
    this.limits = { maxDataOut: maxData, maxDataIn: maxData, maxQueued: this.#queue.most };
    this.#bounces = new Int32Array(this.#queue.depth).fill(-1);
    this.#theirWords = peer.theirWords;
    this.#answered = peer.theirBlock + Block.answered;
    this.#offer = new FarOffer(peer);
    this.#answers = peer.theirBlock + completionsAt(peer.depth);
  }

  get queued(): number {
    return this.#queue.queued;
  }

  /** What the target says of data-out outside our region. */
  get far(): FarData | undefined {
    return this.alive && this.#offer.stands ? this.#offer : undefined;
  }

  submit(task: Task): boolean {
    const peer = this.#peer;
    if (!this.alive) return peer.failLater(task, this.#refusal);
    const how = this.#howDataGo(task);
    if (
      task.dataOutLength > (how === Flag.far ? maxFar : maxData) ||
      task.dataInLength > maxData ||
      task.cdbLength > maxCdbLength
    )
      return peer.failLater(task, 'too-large');
    const queue = this.#queue;
    if (queue.full) return false;
    const bounce = how === 0 ? this.#place(task) : -1;
    if (bounce === -2) return false;
    const slot = queue.take(task) as number;
    this.#bounces[slot] = bounce;
    task.slot = slot;
    task.fault = undefined;
    const words = peer.region.words;
    const at = queue.entry(slot);
    const flags = (task.notify ? Flag.notify : 0) | how;
    words[at + Submission.head] = Kind.command | (task.cdbLength << 8) | flags | (task.attribute << 24);
    words[at + Submission.lun] = task.lun;
    words[at + Submission.dataOutOffset] =
      bounce >= 0 ? bounce : task.dataOut.byteOffset + task.dataOutOffset;
    words[at + Submission.dataOutLength] = task.dataOutLength;
    words[at + Submission.dataInLength] = task.dataInLength;
    copyWords(words, at + Submission.cdb, task.cdbWords, 0, (task.cdbLength + 3) >>> 2);
    if (how === Flag.inline) this.#putInline(task, at + Submission.inline);
    else if (how === Flag.far) this.#offer.put(task, words, at);
    queue.post();
    return true;
  }

  /** A flag, or 0: data-out lies in our region, or is to be copied there. */
  #howDataGo(task: Task): number {
    if (task.dataOutLength === 0) return 0;
    if (task.far && this.far) return Flag.far;
    return task.dataOutLength <= maxInline ? Flag.inline : 0;
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

  kick(): void {
    this.#peer.ringForCommands();
  }

  abort(task: Task): void {
    if (this.#queue.waiting[task.slot] === task)
      this.manage(TaskManagement.abortTask, task.lun, task).catch(() => undefined);
  }

  manage(what: TaskManagement, lun: number, task?: Task): Promise<TaskManagementResponse> {
    return new Promise((resolve, reject) => {
      const queue = this.#queue;
      const slot = this.alive ? queue.take({ resolve, reject }) : undefined;
      if (slot === undefined) {
        const fault = this.alive ? 'too-large' : this.#refusal;
        reject(new TransportError(fault, `task management for target ${this.target}: ${fault}`));
        return;
      }
      const about = task && task.slot >= 0 ? (queue.tags[task.slot] as number) : -1;
      const at = queue.entry(slot);
      const words = this.#peer.region.words;
      words[at + Submission.head] = Kind.management | Flag.notify | (what << 24);
      words[at + Submission.lun] = lun;
      words[at + Submission.about] = about;
      queue.post();
      this.kick();
    });
  }

  /** Are there answers to collect? */
  get pending(): boolean {
    return look(this.#theirWords, this.#answered) !== this.#queue.collected;
  }

  /** Takes what the target answered; returns how many. */
  collect(): number {
    // A plain look first: see Served.serve.
    return this.#theirWords[this.#answered] === this.#queue.collected ? 0 : this.#collect();
  }

  #collect(): number {
    const peer = this.#peer;
    const queue = this.#queue;
    const answered = look(this.#theirWords, this.#answered);
    const count = (answered - queue.collected) | 0;
    if (count === 0) return 0;
    if (count < 0 || count > queue.depth) return peer.fail('more answers than commands');
    for (let i = 0; i < count && this.alive; i++) {
      const at = this.#answers + (queue.collected & (peer.depth - 1)) * completionWords;
      queue.collected = (queue.collected + 1) | 0;
      if (!this.#conclude(at)) return peer.fail('an answer to no command');
    }
    if (this.alive) queue.publish();
    return count;
  }

  #conclude(at: number): boolean {
    const words = this.#theirWords;
    const tag = words[at + Completion.tag] as number;
    const head = words[at + Completion.head] as number;
    const slot = tag & 0xffff;
    const kind = head & 0xff;
    if (kind === Kind.run) return this.#concludeRun(tag, (head >>> 8) & 0xffff);
    if (tag < 0) return this.#concludeBrief(tag, kind, (head >>> 8) & 0xff);
    const waiting = this.#queue.waiting[slot];
    if (!waiting || this.#queue.tags[slot] !== tag) return false;
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

  /** A brief command that was answered by itself. */
  #concludeBrief(tag: number, kind: number, code: number): boolean {
    if ((kind !== Kind.answer && kind !== Kind.abandoned) || !this.#queue.endBrief(tag)) return false;
    if (kind === Kind.abandoned) this.#queue.failed(code === 1 ? 'selection-timeout' : 'aborted');
    else if (code !== Status.good) this.#queue.failed(`status ${code}`);
    return true;
  }

  /** Commands that all ended well, by serial number. */
  #concludeRun(first: number, count: number): boolean {
    const queue = this.#queue;
    for (let i = 0; i < count && this.alive; i++) {
      const serial = (first + i) | 0;
      const age = (queue.submitted - serial) | 0;
      if (age <= 0 || age > queue.depth) return false;
      if (queue.endBrief(briefTag(serial))) continue;
      const slot = queue.slotOf(serial);
      const task = queue.waiting[slot];
      if (!task || 'resolve' in task || task.notify || task.dataInLength > 0) return false;
      this.#endWell(task, slot);
    }
    return true;
  }

  #endWell(task: Task, slot: number): void {
    task.status = Status.good;
    task.senseLength = 0;
    task.dataInTransferred = 0;
    task.residual = 0;
    this.#release(slot);
    task.done(task);
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
    const queue = this.#queue;
    const waiting = queue.waiting[slot];
    if (waiting && !('resolve' in waiting)) waiting.slot = -1;
    queue.give(slot);
    this.#peer.slots.give(this.#bounces[slot] as number);
    this.#bounces[slot] = -1;
  }

  /** Ends everything that waits. */
  end(fault: TransportFault): void {
    const queue = this.#queue;
    this.alive = false;
    if (fault === 'closed') this.#refusal = 'closed';
    for (let slot = 0; slot < queue.depth; slot++) {
      const waiting = queue.waiting[slot];
      if (!waiting) continue;
      this.#release(slot);
      if ('resolve' in waiting) waiting.reject(new TransportError(fault, `target ${this.target}: ${fault}`));
      else waiting.fail(fault);
    }
    queue.shut(fault);
  }
}
