/**
 * Progress: one port, a channel to each rank, and a mailbox per context. Everything happens in poll(); nothing here
 * knows of communicators, only of contexts and of ranks in the world, which are SCSI IDs.
 */

import type { Port } from '../transport/transport.ts';
import { ActivityWord, unwatched, type Watch } from './activity.ts';
import { Channel, channelMemory } from './channel.ts';
import type { Topology } from './collective/topology.ts';
import { PROC_NULL } from './constants.ts';
import { MpiError } from './errors.ts';
import { Inlet } from './inlet.ts';
import { Mailbox } from './mailbox.ts';
import { type Progress, Request, type RequestKind } from './request.ts';
import type { Schedule, Steps } from './schedule.ts';
import { copyFriendlyMargin } from './slots.ts';
import { Staging } from './staging.ts';
import { Kept } from './unexpected.ts';
import { Waiting } from './waiting.ts';

/** What an engine needs. */
export interface EngineOptions extends Topology {
  readonly port: Port;
  readonly rank: number;
  readonly size: number;
  /** Greatest message that is sent with its envelope, in bytes. */
  readonly eager?: number;
  /** Pieces of staging memory, and their size. */
  readonly pieces?: number;
  readonly piece?: number;
  /** Rounds of poll() without work before a blocking call sleeps; and whether there are more ranks than processors. */
  readonly spins?: number;
  readonly crowded?: boolean;
  readonly watch?: Watch;
  /** Ends the whole job. */
  readonly quit?: (code: number, why: string) => void;
  /** Runs `tick` soon, from the event loop; absent where the caller drives. */
  readonly later?: (tick: () => void) => void;
}

const defaultEager = 16384;
const largeSlotBudget = 64;
const smallSlots = 64;
/** Turns of the event loop without work before it waits. */
const patience = 100;

export class Engine implements Progress {
  readonly rank: number;
  readonly size: number;
  readonly port: Port;
  readonly staging: Staging;
  readonly topology: Topology;
  readonly channels: (Channel | undefined)[];
  readonly watch: Watch;
  /** Greatest message that is sent with its envelope. */
  readonly eager: number;
  /** The next context that no communicator of ours has. */
  nextContext = 4;
  /** Peers may leave now. */
  leaving = false;
  readonly #quit: (code: number, why: string) => void;
  /** A send that is done, for senders that don't look at it any more. */
  readonly sent: Request;
  /** Memory that collectives use again. */
  readonly scratch: ArrayBuffer[] = [];
  /** Receives to be used again. */
  readonly spares: Request[] = [];
  readonly #activity: Int32Array;
  readonly #mailboxes: Mailbox[] = [];
  readonly #ledger = { kept: 0 };
  readonly #waiting: Waiting;
  readonly #later: ((tick: () => void) => void) | undefined;
  #lines: Channel[] = [];
  #schedules: Schedule[] = [];
  #pumping = false;
  #awaited: Request[] = [];

  constructor(options: EngineOptions) {
    const { port, rank, size, eager = defaultEager, pieces = 32, piece = 32768 } = options;
    this.port = port;
    this.rank = rank;
    this.size = size;
    this.eager = eager;
    this.topology = options;
    this.#later = options.later;
    this.#quit = options.quit ?? (() => undefined);
    this.watch = options.watch ?? unwatched();
    this.#waiting = new Waiting(this, options.spins ?? 2000);
    this.#activity = this.watch.words;
    this.sent = new Request('send', this);
    this.sent.finish();
    this.channels = new Array(size).fill(undefined);
    this.staging = new Staging((bytes) => port.allocate(bytes), pieces, piece, options.crowded);
    const inlet = new Inlet(this, this.#ledger);
    port.target = inlet;
    port.listener = {
      appeared: (nexus) => {
        this.#open(nexus.target);
        inlet.appeared(nexus.target);
      },
      vanished: (nexus) => this.#lost(nexus.target),
    };
    for (const id of port.targets.keys()) this.#open(id);
  }

  /** Memory for allocate() of the port that an engine takes for itself. */
  static memoryNeed(size: number, eager = defaultEager, pieces = 32, piece = 32768): number {
    const each = channelMemory({ eager, smallSlots, largeSlots: Engine.#largeSlots(size) });
    return (size - 1) * (each + 64) + pieces * piece + 3 * copyFriendlyMargin;
  }

  static #largeSlots(size: number): number {
    return Math.max(4, Math.min(32, Math.floor(largeSlotBudget / size)));
  }

  #open(id: number): void {
    const nexus = this.port.targets.get(id);
    if (!nexus || id >= this.size) return;
    this.channels[id] = new Channel(id, nexus, {
      eager: this.eager,
      smallSlots,
      largeSlots: Engine.#largeSlots(this.size),
      // A rank behind routers may go and come often: what ports allocate stays for good.
      allocate: (bytes) => (nexus.anywhere ? new Uint8Array(bytes) : this.port.allocate(bytes)),
      staging: this.staging,
      failed: (channel, why) => {
        if (!this.leaving) this.lose(channel, why);
      },
      congested: (channel) => {
        if (!this.#lines.includes(channel)) this.#lines.push(channel);
      },
    });
  }

  #lost(id: number): void {
    const channel = this.channels[id];
    if (channel && !channel.dead && !this.leaving)
      this.lose(channel, this.port.lossOf?.(id) ?? 'it has gone');
  }

  /** A peer is of no use any more: what waits for it fails. */
  lose(channel: Channel, why: string): void {
    if (channel.dead) return;
    const error = new MpiError('ERR_PROC_FAILED', `rank ${channel.rank}: ${why} (seen by rank ${this.rank})`);
    this.#activity[ActivityWord.lost] ||= channel.rank + 1;
    channel.fail(error);
    for (const mailbox of this.#mailboxes)
      for (const request of [...(mailbox?.posted() ?? [])])
        if (request.peer === channel.rank && mailbox.withdraw(request)) request.finish(error);
  }

  /** Every peer is there. */
  get complete(): boolean {
    return this.channels.every((channel, rank) => channel || rank === this.rank);
  }

  mailbox(context: number): Mailbox {
    const found = this.#mailboxes[context];
    if (found) return found;
    for (let i = this.#mailboxes.length; i <= context; i++) this.#mailboxes.push(new Mailbox());
    return this.#mailboxes[context] as Mailbox;
  }

  /** The mailbox of a context, if it has one. */
  knownMailbox(context: number): Mailbox | undefined {
    return this.#mailboxes[context];
  }

  /** Says what the rank is about to do. */
  note(operation: number, peer: number, tag: number, bytes: number): void {
    const words = this.#activity;
    words[ActivityWord.operation] = operation;
    words[ActivityWord.peer] = peer;
    words[ActivityWord.tag] = tag;
    words[ActivityWord.bytes] = bytes;
    words[ActivityWord.calls] = ((words[ActivityWord.calls] as number) + 1) | 0;
  }

  request(kind: RequestKind): Request {
    return new Request(kind, this);
  }

  /** The channel to a rank of the world. @throws MpiError ERR_PROC_FAILED */
  channel(rank: number): Channel {
    const channel = this.channels[rank];
    if (channel && !channel.dead) return channel;
    throw channel?.dead ?? new MpiError('ERR_PROC_FAILED', `rank ${rank} is not there`);
  }

  /** Starts a send; `source` is our rank in its communicator, `peer` the receiver's in the world. */
  send(request: Request, source: number): void {
    const { peer } = request;
    if (peer === PROC_NULL) request.finish();
    else if (peer === this.rank) this.#sendSelf(request, source);
    else if (request.length <= this.eager) this.channel(peer).sendEager(request, source);
    else this.channel(peer).sendLong(request, source);
  }

  /** A short standard send, at once and without a request; false: it has to be done the other way. */
  sendNow(peer: number, source: number, context: number, tag: number, bytes: Uint8Array): boolean {
    if (bytes.length > this.eager) return false;
    const channel = this.channels[peer];
    return channel?.clear === true && channel.postEager(source, context, tag, bytes);
  }

  #sendSelf(request: Request, source: number): void {
    const { context, tag, bytes, length, synchronous } = request;
    const copy = bytes.slice(0, length);
    const kept = new Kept(this.#ledger, source, tag, copy, synchronous ? request : undefined);
    const mailbox = this.mailbox(context);
    const receive = mailbox.arrive(source, tag);
    if (receive) {
      receive.peer = this.rank;
      kept.deliver(receive);
    } else mailbox.keep(kept);
    if (!synchronous) request.finish();
  }

  /** Starts a receive. */
  receive(request: Request): void {
    this.mailbox(request.context).post(request)?.deliver(request);
  }

  cancel(request: Request): boolean {
    return this.mailbox(request.context).withdraw(request);
  }

  progress(): number {
    let done = this.port.poll();
    if (this.#lines.length > 0) done += this.#flush();
    if (this.#schedules.length > 0) done += this.#advance();
    return done;
  }

  #flush(): number {
    const lines = this.#lines;
    this.#lines = [];
    let done = 0;
    for (const channel of lines) {
      done += channel.flush();
      if (channel.congested && !this.#lines.includes(channel)) this.#lines.push(channel);
    }
    return done;
  }

  #advance(): number {
    let over = 0;
    for (const schedule of [...this.#schedules]) if (schedule.step()) over++;
    if (over > 0) this.#schedules = this.#schedules.filter((schedule) => !schedule.request.done);
    return over;
  }

  /** Carries a schedule on from now on. */
  add(schedule: Schedule): void {
    if (!schedule.step()) this.#schedules.push(schedule);
  }

  block(request: Request): void {
    this.#waiting.block(request);
  }

  blockUntil<T>(look: () => T | undefined, waitsFor: number): T {
    return this.#waiting.until(look, waitsFor < 0 ? [] : [waitsFor]);
  }

  /** Runs a collective to its end. */
  run<T>(steps: Steps<T>, context: number): T {
    return this.#waiting.run(steps, context);
  }

  /** World ranks that receives in a context wait for. */
  awaited(context: number): readonly number[] {
    const ranks = new Set<number>();
    for (const request of this.mailbox(context).posted()) if (request.peer >= 0) ranks.add(request.peer);
    return [...ranks];
  }

  /** Ends the whole job. */
  quit(code: number, why = 'abort was called'): void {
    this.#quit(code, why);
  }

  pump(request: Request): void {
    this.#awaited.push(request);
    if (this.#pumping || !this.#later) return;
    this.#pumping = true;
    this.#later(() => this.#tick(0));
  }

  /** A turn of the event loop. It blocks for a millisecond at a time when nothing happens. */
  #tick(turns: number): void {
    const idle = this.progress() > 0 ? 0 : turns + 1;
    if (idle > patience) this.port.wait(1);
    this.#awaited = this.#awaited.filter((request) => !request.done);
    this.#pumping = this.#awaited.length > 0;
    if (this.#pumping) this.#later?.(() => this.#tick(idle));
  }

  /** Everything that we sent has arrived. */
  get quiet(): boolean {
    return this.channels.every((channel) => !channel || channel.dead || channel.quiet);
  }
}
