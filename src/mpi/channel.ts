/**
 * To and from one peer: envelopes out, in order; long messages out; long messages in. When no slot is free or the
 * nexus refuses, envelopes wait in line, so that their order holds.
 */

import type { InitiatorNexus } from '../transport/transport.ts';
import { BriefOut } from './brief.ts';
import { envelopeBytes, Kind, readSequence, writeEnvelope } from './envelope.ts';
import type { MpiError } from './errors.ts';
import type { Inbound } from './inbound.ts';
import { LongSend } from './long-send.ts';
import { isRefusal, Refused } from './refusal.ts';
import type { Request } from './request.ts';
import { copyFriendly, copyFriendlyMargin, type Slot, SlotPool } from './slots.ts';
import type { Staging } from './staging.ts';
import { copy } from './typed.ts';
import { Ways } from './ways.ts';

/** Memory and limits that an engine gives a channel. */
export interface ChannelOptions {
  /** Greatest message that goes in one command with its envelope. */
  readonly eager: number;
  readonly smallSlots: number;
  readonly largeSlots: number;
  readonly allocate: (bytes: number) => Uint8Array;
  readonly staging: Staging;
  /** Told when a command ends without an answer. */
  readonly failed: (channel: Channel, why: string) => void;
  /** Told when something waits for its turn. */
  readonly congested: (channel: Channel) => void;
}

/** Room for data in a small slot: envelope and data fit four lines. */
const smallRoom = 256 - envelopeBytes;
const none = new Uint8Array(0);
const largeSlotBytes = (eager: number) => Math.ceil((eager + envelopeBytes) / 4096) * 4096;

/** Bytes that a channel allocates. */
export const channelMemory = ({
  eager,
  smallSlots,
  largeSlots,
}: Pick<ChannelOptions, 'eager' | 'smallSlots' | 'largeSlots'>): number =>
  smallSlots * (smallRoom + envelopeBytes) + largeSlots * largeSlotBytes(eager) + copyFriendlyMargin;

const sequenceOf = ({ view, at }: Slot): number => readSequence(view, at);

/** An envelope that waits for its turn. */
interface Waiting {
  readonly kind: Kind;
  readonly source: number;
  readonly context: number;
  readonly tag: number;
  readonly id: number;
  readonly request: Request | undefined;
  readonly long: LongSend | undefined;
}

export class Channel {
  /** World rank of the peer. */
  readonly rank: number;
  readonly nexus: InitiatorNexus;
  readonly staging: Staging;
  readonly ways: Ways;
  /** Long messages from the peer, by their id. */
  readonly inbound: (Inbound | undefined)[] = [];
  /** Sequence number that the peer's next envelope has. */
  expected = 0;
  /** The peer's memory as last seen, and a view of it. */
  seen: Uint8Array = none;
  view: DataView = new DataView(none.buffer);
  /** Why it is of no use any more. */
  dead: MpiError | undefined = undefined;
  /** It is alive and nothing waits: a message may go at once. */
  clear = true;
  readonly #small: SlotPool;
  readonly #large: SlotPool;
  readonly #waiting: Waiting[] = [];
  /** What hears of its message again, by id: synchronous sends and long ones. */
  readonly #open: (Request | LongSend | undefined)[] = [undefined];
  readonly #ids: number[] = [];
  #sequence = 0;
  /** Long messages that met a full queue. */
  #retries: (() => void)[] = [];
  /** Envelopes whose commands have not ended. */
  #outstanding = 0;
  /** Envelopes that the target had no room for. */
  readonly #refused = new Refused<Slot>((a, b) => (sequenceOf(a) - sequenceOf(b)) | 0);
  readonly #congested: (channel: Channel) => void;
  /** A command to the peer ended without an answer: the peer is lost to us. */
  readonly broken: (why: string) => void;
  /** Where the transport takes brief commands. */
  readonly #brief: BriefOut | undefined;
  /** Bytes of the greatest message that goes as one; -1: none. */
  readonly #briefRoom: number;

  constructor(rank: number, nexus: InitiatorNexus, options: ChannelOptions) {
    this.rank = rank;
    this.nexus = nexus;
    this.staging = options.staging;
    this.ways = new Ways(nexus, options.staging.most);
    this.broken = (why) => options.failed(this, why);
    this.#congested = (channel) => {
      this.clear = false;
      options.congested(channel);
    };
    if (nexus.brief) {
      this.#brief = new BriefOut(nexus, nexus.brief);
      nexus.brief.failed = this.broken;
    }
    this.#briefRoom = Math.min(options.eager, this.#brief?.room ?? -1);
    const { smallSlots, largeSlots, eager } = options;
    const small = smallRoom + envelopeBytes;
    const large = largeSlotBytes(eager);
    const memory = options.allocate(channelMemory(options));
    this.#small = new SlotPool(memory, 0, smallSlots, small);
    const data = copyFriendly(memory, smallSlots * small + envelopeBytes);
    this.#large = new SlotPool(memory, data - envelopeBytes, largeSlots, large);
    for (const pool of [this.#small, this.#large])
      pool.onEnd((slot) => {
        this.#outstanding--;
        if (isRefusal(slot)) {
          this.#refused.add(slot);
          this.#congested(this);
          return;
        }
        pool.give(slot);
        if (slot.fault || slot.status !== 0) this.broken(slot.fault ?? `status ${slot.status}`);
      });
  }

  /** Nothing is under way to the peer. */
  get quiet(): boolean {
    return this.#outstanding === 0 && !this.congested && this.nexus.queued === 0;
  }

  /** Envelopes wait for their turn. */
  get congested(): boolean {
    return this.#waiting.length > 0 || this.#retries.length > 0 || this.#refused.length > 0;
  }

  /** Calls back at the next flush. */
  retry(again: () => void): void {
    this.#retries.push(again);
    this.#congested(this);
  }

  /** Sends an eager message at once; false: it has to wait. */
  postEager(source: number, context: number, tag: number, bytes: Uint8Array): boolean {
    const { length } = bytes;
    if (length > this.#briefRoom)
      return this.post(Kind.eager, source, context, tag, length, 0, bytes, length);
    const sent = (this.#brief as BriefOut).send(source, context, tag, bytes, this.#sequence);
    if (sent) this.#sequence = (this.#sequence + 1) | 0;
    return sent;
  }

  /** Sends an envelope with its data, at once; false: it has to wait. */
  post(
    kind: Kind,
    source: number,
    context: number,
    tag: number,
    length: number,
    id: number,
    bytes: Uint8Array,
    carried: number,
  ): boolean {
    const pool = carried <= smallRoom ? this.#small : this.#large;
    const slot = pool.take();
    if (!slot) return false;
    writeEnvelope(slot.view, slot.at, kind, source, context, tag, length, id, this.#sequence);
    if (carried > 0) copy(slot.dataOut, slot.at + envelopeBytes, bytes, 0, carried);
    this.#address(slot, envelopeBytes + carried);
    slot.notify = pool.scarce;
    if (!this.nexus.submit(slot)) {
      pool.give(slot);
      return false;
    }
    this.#sequence = (this.#sequence + 1) | 0;
    this.#outstanding++;
    this.nexus.kick();
    return true;
  }

  #address(slot: Slot, length: number): void {
    slot.dataOutLength = length;
    slot.cdb[7] = length >>> 8;
    slot.cdb[8] = length;
  }

  /** Sends an eager message, now or when its turn comes. */
  sendEager(request: Request, source: number): void {
    const id = request.synchronous ? this.#enter(request) : 0;
    const kind = request.synchronous ? Kind.synchronous : Kind.eager;
    this.#send({ kind, source, context: request.context, tag: request.tag, id, request, long: undefined });
  }

  /** Sends a long message: first its envelope, then its data when the receiver takes them. */
  sendLong(request: Request, source: number): void {
    const id = this.#ids.pop() ?? this.#open.length;
    const long = new LongSend(this, request, id);
    this.#open[id] = long;
    const kind = long.prepare() ? Kind.long : Kind.announced;
    this.#send({ kind, source, context: request.context, tag: request.tag, id, request, long });
  }

  /** Sends a word back about the peer's message `id`. */
  answer(kind: Kind, id: number): void {
    this.#send({ kind, source: 0, context: 0, tag: 0, id, request: undefined, long: undefined });
  }

  #send(one: Waiting): void {
    if (this.#waiting.length === 0 && this.#depart(one)) return;
    this.#waiting.push(one);
    this.#congested(this);
  }

  #depart({ kind, source, context, tag, id, request, long }: Waiting): boolean {
    if (this.#refused.length > 0) return false;
    const bytes = request?.bytes ?? none;
    const length = request?.length ?? 0;
    const sent =
      kind === Kind.eager
        ? this.postEager(source, context, tag, bytes)
        : this.post(kind, source, context, tag, length, id, bytes, long ? 0 : length);
    if (!sent) return false;
    if (kind === Kind.long) long?.start();
    else if (kind === Kind.eager) request?.finish();
    return true;
  }

  /** Sends what waits, as far as it goes now; returns how much went. */
  flush(): number {
    let sent = this.#sendAgain();
    for (let first = this.#waiting[0]; first && this.#depart(first); first = this.#waiting[0]) {
      this.#waiting.shift();
      sent++;
    }
    if (this.#retries.length > 0) {
      const retries = this.#retries;
      this.#retries = [];
      for (const again of retries) again();
    }
    this.clear = !this.congested && !this.dead;
    return sent;
  }

  /** What was refused goes again once all else is answered: until then its order is not known. */
  #sendAgain(): number {
    if (this.#refused.length === 0 || this.#outstanding > 0) return 0;
    const sent = this.#refused.sendAgain(this.nexus);
    this.#outstanding += sent;
    return sent;
  }

  #enter(request: Request): number {
    const id = this.#ids.pop() ?? this.#open.length;
    this.#open[id] = request;
    return id;
  }

  /** Nothing more is to be heard of an id. */
  leave(id: number): void {
    this.#open[id] = undefined;
    this.#ids.push(id);
  }

  /** The peer says that message `id` is matched; false: there is none. */
  matched(id: number): boolean {
    const open = this.#open[id];
    if (!open || open instanceof LongSend) return false;
    this.leave(id);
    open.finish();
    return true;
  }

  /** The peer asks for the data of message `id`; false: there is none. */
  ready(id: number): boolean {
    const open = this.#open[id];
    if (!(open instanceof LongSend)) return false;
    open.pull();
    return true;
  }

  /** The peer is gone: ends what was under way to and from it. */
  fail(error: MpiError): void {
    this.dead = error;
    this.clear = false;
    for (const { request } of this.#waiting.splice(0)) request?.finish(error);
    for (const open of this.#open.splice(1)) (open instanceof LongSend ? open.request : open)?.finish(error);
    this.#ids.length = 0;
    for (const inbound of this.inbound.splice(0)) inbound?.fail(error);
  }
}
