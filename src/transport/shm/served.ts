/** The target's side of a nexus in shared memory: commands come from the initiator's submission queue, answers go into our completion queue. */

import type { Nexus, TaskAttribute, TaskManagement } from '../../scsi/command.ts';
import type { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength } from '../task.ts';
import { ShmCommand } from './command.ts';
import {
  Block,
  Completion,
  completionBytes,
  completionsAt,
  Kind,
  maxData,
  Submission,
  submissionBytes,
  submissionsAt,
} from './layout.ts';
import type { Peer } from './peer.ts';

const submissionWords = submissionBytes / 4;
const completionWords = completionBytes / 4;
/** Commands taken from one initiator before others have their turn. */
const turn = 64;

/** Answers to commands with so much data-out are published at once, not with the others of their turn: the initiator can go on
 * while we take the next. */
const worthTelling = 4096;

/** An answer that waits for a reply slot. */
interface Waiting {
  readonly tag: number;
  readonly head: number;
  readonly wanted: readonly [dataOut: number, dataIn: number];
  readonly dataIn: Uint8Array;
  readonly sense: Uint8Array;
}

export class Served implements Nexus {
  readonly initiator: number;
  readonly name: string;
  alive = true;
  readonly #peer: Peer;
  readonly #idle: ShmCommand[] = [];
  /** By answer: the reply slot it uses. */
  readonly #replies: Int32Array;
  readonly #waiting: Waiting[] = [];
  #taken = 0;
  #answered = 0;
  #published = 0;
  #collected = 0;
  #serving = false;
  /** Reply slots in use for this initiator: never more than half of them, so that others get theirs. */
  #slotsHeld = 0;
  readonly #submissions: number;
  readonly #answers: number;
  readonly #depth: number;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.initiator = peer.id;
    this.name = `${peer.hostName || 'host'}#${peer.id}`;
    this.#depth = peer.region.shape.depth;
    this.#replies = new Int32Array(this.#depth).fill(-1);
    this.#submissions = peer.theirBlock + submissionsAt;
    this.#answers = peer.ourBlock + completionsAt(this.#depth);
  }

  /** Has the initiator posted commands that we have not taken? */
  get pending(): boolean {
    return Atomics.load(this.#peer.theirWords, this.#peer.theirBlock + Block.submitted) !== this.#taken;
  }

  /** Takes commands and hands them to the target; returns how many. */
  serve(): number {
    const peer = this.#peer;
    // In this order: the initiator first says what it collected, then what it submitted.
    const submitted = Atomics.load(peer.theirWords, peer.theirBlock + Block.submitted);
    if (!this.#reclaim()) return peer.fail('collected more answers than there were');
    const count = (submitted - this.#taken) | 0;
    if (count === 0) return 0;
    const outstanding = (submitted - this.#collected) | 0;
    if (count < 0 || outstanding > Math.min(this.#depth, peer.depth))
      return peer.fail('more commands than the queue holds');
    this.#serving = true;
    let served = 0;
    while (served < count && served < turn && this.alive) {
      const at = this.#submissions + (this.#taken & (peer.depth - 1)) * submissionWords;
      this.#taken = (this.#taken + 1) | 0;
      served++;
      if (!this.#take(at)) return peer.fail('a command that points outside its region');
    }
    this.#serving = false;
    if (this.alive) this.#publish();
    return served;
  }

  #take(at: number): boolean {
    const words = this.#peer.theirWords;
    const head = words[at + Submission.head] as number;
    const kind = head & 0xff;
    if (kind === Kind.management) {
      this.#manage(at, head);
      return true;
    }
    const cdbLength = (head >>> 8) & 0xff;
    const offset = words[at + Submission.dataOutOffset] as number;
    const outLength = words[at + Submission.dataOutLength] as number;
    const inLength = words[at + Submission.dataInLength] as number;
    if (kind !== Kind.command || cdbLength > maxCdbLength) return false;
    if (outLength < 0 || outLength > maxData || inLength < 0 || inLength > maxData) return false;
    if (outLength > 0 && (offset < 0 || offset > this.#peer.size - outLength)) return false;
    const command = this.#idle.pop() ?? new ShmCommand(this, this.#peer.theirBytes);
    command.tag = words[at + Submission.tag] as number;
    command.lun = words[at + Submission.lun] as number;
    command.attribute = ((head >>> 24) & 3) as TaskAttribute;
    command.dataOutOffset = offset;
    command.dataOutLength = outLength;
    command.dataOutWanted = outLength;
    command.dataInLength = inLength;
    command.notify = words[at + Submission.notify] !== 0;
    command.live = true;
    const cdb = (at + Submission.cdb) * 4;
    const bytes = this.#peer.theirBytes;
    for (let i = 0; i < cdbLength; i++) command.cdb[i] = bytes[cdb + i] as number;
    for (let i = cdbLength; i < command.cdbLength; i++) command.cdb[i] = 0; // what its last use left
    command.cdbLength = cdbLength;
    const target = this.#peer.target;
    if (target) target.command(command);
    else this.abandon(command, 1);
    return true;
  }

  #manage(at: number, head: number): void {
    const words = this.#peer.theirWords;
    const tag = words[at + Submission.tag] as number;
    const about = words[at + Submission.about] as number;
    const lun = words[at + Submission.lun] as number;
    const response = this.#peer.target?.manage(this, (head >>> 24) as TaskManagement, lun, about) ?? 2;
    this.#post(tag, Kind.response | (response << 8), 0, 0, 0, 0, -1);
    this.#peer.noticeDue = true;
  }

  answer(
    command: ShmCommand,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    wanted: number,
  ): void {
    if (!this.#finish(command)) return;
    const length = Math.min(wanted, command.dataInLength);
    const senseLength = Math.min(sense.length, maxSenseLength);
    const head = Kind.answer | (status << 8) | (senseLength << 16);
    if (length === 0 && senseLength === 0) {
      this.#post(command.tag, head, 0, command.dataOutWanted, wanted, 0, -1);
    } else {
      const slot = this.#waiting.length > 0 ? -1 : this.#takeSlot();
      const given = dataIn.subarray(offset, offset + length);
      if (slot >= 0) {
        this.#postWithData(
          command.tag,
          head,
          command.dataOutWanted,
          wanted,
          given,
          sense.subarray(0, senseLength),
          slot,
        );
      } else {
        const wantedBoth = [command.dataOutWanted, wanted] as const;
        this.#waiting.push({
          tag: command.tag,
          head,
          wanted: wantedBoth,
          dataIn: given.slice(),
          sense: sense.slice(0, senseLength),
        });
      }
    }
    if (!this.#serving || command.dataOutLength >= worthTelling) this.#publish();
  }

  /** Ends a command without status; `why` 1: there is no target here. */
  abandon(command: ShmCommand, why: 0 | 1): void {
    if (!this.#finish(command)) return;
    this.#post(command.tag, Kind.abandoned | (why << 8), 0, 0, 0, 0, -1);
    if (!this.#serving) this.#publish();
  }

  #finish(command: ShmCommand): boolean {
    if (!command.live || !this.alive) return false;
    command.live = false;
    if (command.notify) this.#peer.noticeDue = true;
    this.#idle.push(command);
    return true;
  }

  #postWithData(
    tag: number,
    head: number,
    outWanted: number,
    inWanted: number,
    dataIn: Uint8Array,
    sense: Uint8Array,
    slot: number,
  ): void {
    const bytes = this.#peer.region.window.bytes;
    bytes.set(dataIn, slot);
    bytes.set(sense, slot + maxData);
    this.#post(tag, head, dataIn.length, outWanted, inWanted, slot, slot);
  }

  #post(
    tag: number,
    head: number,
    length: number,
    outWanted: number,
    inWanted: number,
    at: number,
    slot: number,
  ): void {
    const words = this.#peer.region.words;
    const index = this.#answered & (this.#depth - 1);
    const entry = this.#answers + index * completionWords;
    words[entry + Completion.tag] = tag;
    words[entry + Completion.head] = head;
    words[entry + Completion.dataInOffset] = at;
    words[entry + Completion.dataInLength] = length;
    words[entry + Completion.dataOutWanted] = outWanted;
    words[entry + Completion.dataInWanted] = inWanted;
    words[entry + Completion.senseOffset] = at + maxData;
    this.#replies[index] = slot;
    this.#answered = (this.#answered + 1) | 0;
  }

  #publish(): void {
    if (this.#published === this.#answered) return;
    this.#published = this.#answered;
    Atomics.store(this.#peer.region.words, this.#peer.ourBlock + Block.answered, this.#answered);
    this.#peer.answersDue = true;
  }

  /** Frees the reply slots of answers that the initiator has taken, and sends answers that waited for one. */
  #reclaim(): boolean {
    const peer = this.#peer;
    const collected = Atomics.load(peer.theirWords, peer.theirBlock + Block.collected);
    const count = (collected - this.#collected) | 0;
    if (count !== 0) {
      if (count < 0 || count > ((this.#published - this.#collected) | 0)) return false;
      for (let i = 0; i < count; i++) this.#freeReply();
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

  #freeReply(): void {
    const index = this.#collected & (this.#depth - 1);
    const slot = this.#replies[index] as number;
    if (slot >= 0) {
      this.#peer.slots.give(slot);
      this.#replies[index] = -1;
      this.#slotsHeld--;
    }
    this.#collected = (this.#collected + 1) | 0;
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#takeSlot();
      if (slot < 0) break;
      const { tag, head, wanted, dataIn, sense } = this.#waiting.shift() as Waiting;
      this.#postWithData(tag, head, wanted[0], wanted[1], dataIn, sense, slot);
      this.#peer.noticeDue = true;
    }
    this.#publish();
  }

  /** The nexus is lost: frees its reply slots; commands that are still held end silently. */
  end(): void {
    this.alive = false;
    while (this.#collected !== this.#answered) this.#freeReply();
    this.#waiting.length = 0;
  }
}
