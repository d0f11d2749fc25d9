/** The target of a rank: takes the commands that its peers send and gives what they carry to whom it is for. */

import { type Command, type Nexus, type Target, TaskManagementResponse } from '../scsi/command.ts';
import { CommunicationsOpcode, Opcode } from '../scsi/opcodes.ts';
import { Status } from '../scsi/status.ts';
import { BriefCopy, briefCdb, envelopeWords } from './brief.ts';
import type { Channel } from './channel.ts';
import type { Engine } from './engine.ts';
import { envelopeBytes, Kind, ReadEnvelope, swapped } from './envelope.ts';
import { Inbound, truncated } from './inbound.ts';
import { fill, Held, Kept, type Ledger } from './unexpected.ts';

/** Bytes of unexpected messages that are kept before commands are held instead. */
const keepAtMost = 64 << 20;
/** Contexts count up from 0: two for each communicator. */
const greatestContext = 1 << 20;

export class Inlet implements Target {
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  readonly #envelope = new ReadEnvelope();
  readonly #copy = new BriefCopy();
  /** Commands of peers that we don't see yet. */
  readonly #early: Command[] = [];

  constructor(engine: Engine, ledger: Ledger) {
    this.#engine = engine;
    this.#ledger = ledger;
  }

  command(command: Command): void {
    const channel = this.#engine.channels[command.nexus.initiator];
    const opcode = command.cdb[0];
    if (!channel) this.#early.push(command);
    else if (opcode === CommunicationsOpcode.sendMessage10) this.#message(channel, command);
    else if (opcode === CommunicationsOpcode.sendMessage12) this.#data(channel, command);
    else command.complete(opcode === Opcode.testUnitReady ? Status.good : Status.checkCondition);
  }

  /** A brief message that a receive waits for; all else takes the long way. */
  brief(
    initiator: number,
    cdb: number,
    words: Int32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): boolean {
    const channel = this.#engine.channels[initiator];
    if (!channel || cdb !== briefCdb || length < envelopeBytes) return false;
    const first = swapped(words[at] as number);
    const context = swapped(words[at + 1] as number);
    const tag = swapped(words[at + 2] as number);
    const size = length - envelopeBytes;
    if (first >>> 24 !== Kind.eager || words[at + 3] !== swapped(size)) return false;
    if (words[at + 5] !== swapped(channel.expected)) return false;
    const source = first & 0xffff;
    const request = this.#engine.knownMailbox(context)?.arrive(source, tag);
    if (!request) return false;
    channel.expected = (channel.expected + 1) | 0;
    request.peer = channel.rank;
    const { status } = request;
    status.source = source;
    status.tag = tag;
    status.bytes = size;
    this.#copy.into(request.bytes, words, bytes, at + envelopeWords, Math.min(size, request.length));
    request.finish(size > request.length ? truncated(request, size) : undefined);
    return true;
  }

  /** A peer can be answered now. */
  appeared(id: number): void {
    for (const command of this.#early.splice(0))
      if (command.nexus.initiator === id) this.command(command);
      else this.#early.push(command);
  }

  #message(channel: Channel, command: Command): void {
    const envelope = this.#envelope;
    const { dataOut, dataOutLength } = command;
    if (dataOutLength < envelopeBytes || command.far) {
      this.#refuse(channel, command, 'a message without an envelope');
      return;
    }
    if (dataOut !== channel.seen) {
      channel.seen = dataOut;
      channel.view = new DataView(dataOut.buffer, dataOut.byteOffset, dataOut.byteLength);
    }
    envelope.read(channel.view, command.dataOutOffset);
    if (envelope.sequence !== channel.expected) {
      // One before it met BUSY on its way: it is to come again after that one.
      if (((envelope.sequence - channel.expected) | 0) > 0) command.complete(Status.busy);
      else this.#refuse(channel, command, `envelope ${envelope.sequence} instead of ${channel.expected}`);
      return;
    }
    channel.expected = (channel.expected + 1) | 0;
    if (envelope.context > greatestContext) this.#refuse(channel, command, `context ${envelope.context}`);
    else if (envelope.kind <= Kind.synchronous) this.#eager(channel, command);
    else if (envelope.kind <= Kind.announced) this.#long(channel, command);
    else this.#word(channel, command);
  }

  #eager(channel: Channel, command: Command): void {
    const { source, context, tag, length, kind, id } = this.#envelope;
    const { dataOut, dataOutOffset } = command;
    if (length !== command.dataOutLength - envelopeBytes) {
      this.#refuse(channel, command, `an eager message of ${length} bytes in ${command.dataOutLength}`);
      return;
    }
    const mailbox = this.#engine.mailbox(context);
    const request = mailbox.arrive(source, tag);
    const sender = kind === Kind.synchronous ? channel : undefined;
    if (request) {
      request.peer = channel.rank;
      fill(request, source, tag, dataOut, dataOutOffset + envelopeBytes, length);
      sender?.answer(Kind.matched, id);
      command.complete(Status.good);
    } else if (this.#ledger.kept + length > keepAtMost) {
      mailbox.keep(new Held(source, tag, command, envelopeBytes, sender, id));
    } else {
      const from = dataOutOffset + envelopeBytes;
      mailbox.keep(new Kept(this.#ledger, source, tag, dataOut.slice(from, from + length), sender, id));
      command.complete(Status.good);
    }
  }

  #long(channel: Channel, command: Command): void {
    const { source, context, tag, length, kind, id } = this.#envelope;
    if (channel.inbound[id]) {
      this.#refuse(channel, command, `message ${id} twice`);
      return;
    }
    const inbound = new Inbound(channel, id, source, tag, length, kind === Kind.announced);
    channel.inbound[id] = inbound;
    command.complete(Status.good);
    const mailbox = this.#engine.mailbox(context);
    const request = mailbox.arrive(source, tag);
    if (request) inbound.deliver(request);
    else mailbox.keep(inbound);
  }

  #word(channel: Channel, command: Command): void {
    const { kind, id } = this.#envelope;
    const known =
      kind === Kind.ready ? channel.ready(id) : kind === Kind.matched ? channel.matched(id) : false;
    if (known) command.complete(Status.good);
    else this.#refuse(channel, command, `kind ${kind} for message ${id}, which is not open`);
  }

  #data(channel: Channel, command: Command): void {
    const stream = ((command.cdb[4] as number) << 8) | (command.cdb[5] as number);
    const inbound = channel.inbound[stream];
    if (inbound) inbound.data(command);
    else command.complete(Status.busy); // its envelope may have been refused on its way
  }

  /** The peer breaks the rules: we speak to it no more. */
  #refuse(channel: Channel, command: Command, why: string): void {
    command.complete(Status.checkCondition);
    this.#engine.lose(channel, `it sent ${why}`);
  }

  manage(): TaskManagementResponse {
    return TaskManagementResponse.rejected;
  }

  nexusEstablished(): void {}

  nexusLost(nexus: Nexus): void {
    for (let i = this.#early.length - 1; i >= 0; i--)
      if (this.#early[i]?.nexus === nexus) this.#early.splice(i, 1);
  }
}
