/** The target's side of a nexus in shared memory: commands come from the initiator's submission queue, answers go into our completion queue. */

import { type Nexus, TaskAttribute, type TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength } from '../task.ts';
import { Answers } from './answers.ts';
import { ShmCommand } from './command.ts';
import { copyWords } from './copy-short.ts';
import { FarReader } from './far-reader.ts';
import {
  Brief,
  Flag,
  Kind,
  maxBrief,
  maxBriefCdb,
  maxData,
  maxFar,
  maxInline,
  Submission,
  submissionBytes,
  submissionsAt,
} from './layout.ts';
import { look } from './look.ts';
import type { Peer } from './peer.ts';
import { briefTag } from './submission-queue.ts';

const submissionWords = submissionBytes / 4;
/** Commands taken from one initiator before others have their turn. */
const turn = 64;
/**
 * Answers to commands with so much data-out are published at once, not with the others of their turn: the initiator
 * can go on while we take the next.
 */
const worthTelling = 4096;

export class Served implements Nexus {
  readonly initiator: number;
  readonly name: string;
  alive = true;
  readonly #peer: Peer;
  readonly #spare: ShmCommand[] = [];
  readonly #answers: Answers;
  readonly #reader: FarReader;
  readonly #words: Int32Array;
  #taken = 0;
  /** Where the next command will be. */
  #next: number;
  #serving = false;
  /** The command that the target is being handed. */
  #current: ShmCommand | undefined = undefined;
  readonly #submissions: number;
  readonly #mask: number;
  /** Commands that the initiator can have outstanding. */
  readonly #most: number;

  constructor(peer: Peer) {
    this.#peer = peer;
    this.initiator = peer.id;
    this.name = `${peer.hostName || 'host'}#${peer.id}`;
    this.#words = peer.theirWords;
    this.#submissions = peer.theirBlock + submissionsAt;
    this.#next = this.#submissions;
    this.#mask = peer.depth - 1;
    this.#most = Math.min(peer.region.shape.depth, peer.depth);
    this.#answers = new Answers(peer);
    this.#reader = new FarReader(peer);
  }

  /** Both sides know of each other. */
  open(): void {
    if (this.#peer.far) this.#reader.offer();
  }

  /** Has the initiator posted commands that we have not taken? An entry's serial number is written last. */
  get pending(): boolean {
    return look(this.#words, this.#next + Submission.serial) === ((this.#taken + 1) | 0);
  }

  /** Takes commands and hands them to the target; returns how many. */
  serve(): number {
    // A plain look first: what it misses the next one sees.
    if (this.#words[this.#next + Submission.serial] === ((this.#taken + 1) | 0)) return this.#serve();
    if (this.#answers.busy) this.#idle();
    return 0;
  }

  #idle(): void {
    this.#answers.age();
    if (!this.#answers.reclaim()) this.#peer.fail('collected more answers than there were');
  }

  #serve(): number {
    const peer = this.#peer;
    this.#serving = true;
    let served = 0;
    while (served < turn && this.alive && this.pending) {
      if (!this.#hasRoom()) return peer.fail('more commands, or answers collected, than there can be');
      const entry = this.#next;
      this.#taken = (this.#taken + 1) | 0;
      this.#next = this.#submissions + (this.#taken & this.#mask) * submissionWords;
      served++;
      if (!this.#take(entry)) return peer.fail('a command that points outside its region');
    }
    this.#serving = false;
    if (this.alive) this.#answers.publish();
    return served;
  }

  /**
   * May the initiator have one more command outstanding? It first says what it collected, then what it submitted, so
   * looking at what it collected after we saw the command is soon enough.
   */
  #hasRoom(): boolean {
    const answers = this.#answers;
    if (((this.#taken - answers.ended) | 0) < this.#most >>> 1) return true;
    return answers.reclaim() && ((this.#taken - answers.ended) | 0) < this.#most;
  }

  #take(at: number): boolean {
    const head = this.#words[at + Submission.head] as number;
    const kind = head & 0xff;
    if (kind === Kind.brief) return this.#takeBrief(at, head);
    if (kind === Kind.command) return this.#takeCommand(at, head);
    if (kind !== Kind.management) return false;
    this.#manage(at, head);
    return true;
  }

  #takeBrief(at: number, head: number): boolean {
    const length = head >>> 24;
    const cdbLength = (head >>> 8) & 0xff;
    if (length > maxBrief || cdbLength > maxBriefCdb) return false;
    const { target, theirBytes } = this.#peer;
    if ((head & Flag.notify) === 0 && target?.brief) {
      const cdb = this.#words[at + Brief.cdb] as number;
      if (target.brief(this.initiator, cdb, this.#words, theirBytes, at + Brief.data, length)) {
        if (this.alive) this.#answers.append((this.#taken - 1) | 0);
        return true;
      }
    }
    const command = this.#command(head, briefTag((this.#taken - 1) | 0));
    command.lun = 0;
    command.attribute = TaskAttribute.simple;
    command.dataOutOffset = (at + Brief.data) * 4;
    command.dataOutLength = length;
    command.dataOutWanted = length;
    command.dataInLength = 0;
    this.#copyCdb(command, at + Brief.cdb, cdbLength);
    this.#hand(command, true);
    return true;
  }

  #takeCommand(at: number, head: number): boolean {
    const words = this.#words;
    const cdbLength = (head >>> 8) & 0xff;
    const inline = (head & Flag.inline) !== 0;
    const far = (head & Flag.far) !== 0;
    const offset = inline ? (at + Submission.inline) * 4 : (words[at + Submission.dataOutOffset] as number);
    const outLength = words[at + Submission.dataOutLength] as number;
    const inLength = words[at + Submission.dataInLength] as number;
    if (cdbLength > maxCdbLength) return false;
    const most = inline ? maxInline : far ? maxFar : maxData;
    if (outLength < 0 || outLength > most || inLength < 0 || inLength > maxData) return false;
    const address = far ? this.#reader.addressAt(at) : 0;
    if (far && (inline || address === 0)) return false;
    if (!far && outLength > 0 && (offset < 0 || offset > this.#peer.size - outLength)) return false;
    const command = this.#command(head, words[at + Submission.tag] as number);
    command.lun = words[at + Submission.lun] as number;
    command.attribute = ((head >>> 24) & 3) as TaskAttribute;
    command.dataOutOffset = offset;
    command.dataOutLength = outLength;
    command.dataOutWanted = outLength;
    command.dataInLength = inLength;
    if (far) command.lieFar(address);
    this.#copyCdb(command, at + Submission.cdb, cdbLength);
    this.#hand(command, inline);
    return true;
  }

  /** The object for a command; the rest is to be filled in. */
  #command(head: number, tag: number): ShmCommand {
    const command = this.#spare.pop() ?? new ShmCommand(this);
    command.serial = (this.#taken - 1) | 0;
    command.tag = tag;
    command.dataOut = this.#peer.theirBytes;
    command.address = 0;
    command.notify = (head & Flag.notify) !== 0;
    command.live = true;
    return command;
  }

  /** `from` is a word of the peer's region. */
  #copyCdb(command: ShmCommand, from: number, length: number): void {
    const { cdb, cdbWords } = command;
    const words = (length + 3) >>> 2;
    copyWords(cdbWords, 0, this.#words, from, words);
    for (let i = words; i * 4 < command.cdbLength; i++) cdbWords[i] = 0; // what its last use left
    for (let i = length; i < words * 4; i++) cdb[i] = 0;
    command.cdbLength = length;
  }

  #hand(command: ShmCommand, inline: boolean): void {
    const target = this.#peer.target;
    if (!target) {
      this.abandon(command, 1);
      return;
    }
    this.#current = command;
    const { serial } = command;
    target.command(command);
    this.#current = undefined;
    // It is held, and its entry will be used again.
    if (inline && command.live && command.serial === serial) command.keepInline();
  }

  #manage(at: number, head: number): void {
    const words = this.#words;
    const tag = words[at + Submission.tag] as number;
    const about = words[at + Submission.about] as number;
    const lun = words[at + Submission.lun] as number;
    const response = this.#peer.target?.manage(this, (head >>> 24) as TaskManagement, lun, about) ?? 2;
    this.#answers.bare(tag, Kind.response | (response << 8), 0, 0);
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
    const current = this.#current === command;
    if (!this.#finish(command)) return;
    const length = Math.min(wanted, command.dataInLength);
    const senseLength = Math.min(sense.length, maxSenseLength);
    const { tag, dataOutWanted, dataOutLength } = command;
    const plain = wanted === 0 && senseLength === 0;
    if (plain && current && !command.notify && status === Status.good && dataOutWanted === dataOutLength) {
      if (command.dataInLength === 0) {
        this.#answers.append(command.serial);
        return;
      }
    }
    const head = Kind.answer | (status << 8) | (senseLength << 16);
    if (length === 0 && senseLength === 0) this.#answers.bare(tag, head, dataOutWanted, wanted);
    else {
      const given = dataIn.subarray(offset, offset + length);
      this.#answers.full(tag, head, dataOutWanted, wanted, given, sense.subarray(0, senseLength));
    }
    if (!this.#serving || dataOutLength >= worthTelling) this.#answers.publish();
  }

  /** Fetches data-out; false: it can't be had. */
  fetch(command: ShmCommand, into: Uint8Array, at: number, length: number): boolean {
    if (!command.live || !this.alive) return false;
    const { address, dataOut, dataOutOffset: from } = command;
    if (address === 0) return this.#reader.near(dataOut, from, into, at, length);
    return this.#reader.far(address, into, at, length);
  }

  /** Ends a command without status; `why` 1: there is no target here. */
  abandon(command: ShmCommand, why: 0 | 1): void {
    if (!this.#finish(command)) return;
    this.#answers.bare(command.tag, Kind.abandoned | (why << 8), 0, 0);
    if (!this.#serving) this.#answers.publish();
  }

  #finish(command: ShmCommand): boolean {
    if (!command.live || !this.alive) return false;
    command.live = false;
    if (command.notify) this.#peer.noticeDue = true;
    this.#spare.push(command);
    return true;
  }

  /** Tells of answers that were put off; true: there were some. */
  settle(): boolean {
    return this.alive && this.#answers.settle();
  }

  /** The nexus is lost: frees its reply slots; commands that are still held end silently. */
  end(): void {
    this.alive = false;
    this.#answers.end();
  }
}
