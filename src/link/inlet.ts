/** The message service of our communications device: finds out which peer a command is from, and who handles it. */

import type { Command, Nexus } from '../scsi/command.ts';
import type { MessageForm } from '../scsi/message-cdb.ts';
import type { MessageService } from '../scsi/message-service.ts';
import { AdditionalSense, SenseKey } from '../scsi/sense.ts';
import { encodeSense } from '../scsi/sense-data.ts';
import { Status } from '../scsi/status.ts';
import { count, LinkIndex, PeerIndex } from './counters.ts';
import { etherTypeOfNibble } from './ethernet.ts';
import { forgetGet } from './gets.ts';
import type { Peer } from './peer.ts';
import type { Receiver } from './receiver.ts';
import { extendedStream } from './record.ts';
import { maxIds, type Roster } from './roster.ts';

/** GET MESSAGEs that one peer may keep outstanding here. */
export const maxGets = 256;

const invalidField = encodeSense({ key: SenseKey.illegalRequest, code: AdditionalSense.invalidFieldInCdb });
const noResources = encodeSense({
  key: SenseKey.illegalRequest,
  code: AdditionalSense.insufficientResources,
});

/** What the inlet tells the link. */
export interface InletListener {
  /** An initiator that we have not met, or that has begun anew. */
  met(id: number, nexus: Nexus): Peer;
  /** A peer has asked for messages. */
  asked(peer: Peer): void;
}

export class Inlet implements MessageService {
  readonly #roster: Roster;
  readonly #receiver: Receiver;
  readonly #listener: InletListener;
  readonly #ownId: number;
  /** We announced extended messages. */
  readonly #extended: boolean;
  readonly #values: Float64Array;

  constructor(
    roster: Roster,
    receiver: Receiver,
    listener: InletListener,
    ownId: number,
    extended: boolean,
    values: Float64Array,
  ) {
    this.#roster = roster;
    this.#receiver = receiver;
    this.#listener = listener;
    this.#ownId = ownId;
    this.#extended = extended;
    this.#values = values;
  }

  send(command: Command, form: MessageForm, stream: number, length: number): void {
    const peer = this.#peer(command);
    if (peer === undefined) return;
    if (this.#extended && (stream === extendedStream || form === 6))
      this.#receiver.extended(peer, command, length);
    else this.#receiver.strict(peer, command, form === 6 ? extendedStream : stream, length);
  }

  get(command: Command, form: MessageForm, stream: number, length: number): void {
    const peer = this.#peer(command);
    if (peer === undefined) return;
    const extended = this.#extended && (stream === extendedStream || form === 6);
    const known = form !== 6 && stream <= 0xf && etherTypeOfNibble[stream] !== 0;
    if (!extended && !known) {
      count(peer.values, PeerIndex['drops.unknownProtocol']);
      command.complete(Status.checkCondition, invalidField);
    } else if (length === 0) command.complete(Status.good);
    else if (peer.gets.length >= maxGets) command.complete(Status.taskSetFull);
    else {
      // Without records there is nothing to say "checksum still to be completed" with.
      if (!extended) peer.features = 0;
      peer.gets.push({ command, nibble: extended ? -1 : stream, length, old: false });
      this.#listener.asked(peer);
    }
  }

  cancelled(command: Command): void {
    const peer = this.#roster.byId[command.nexus.initiator];
    if (peer !== undefined) forgetGet(peer, command);
  }

  #peer(command: Command): Peer | undefined {
    const { nexus } = command;
    const id = nexus.initiator;
    const peer = this.#roster.byId[id];
    if (peer !== undefined && peer.source === nexus) return peer;
    if (id >= 0 && id < maxIds && id !== this.#ownId) return this.#listener.met(id, nexus);
    count(this.#values, LinkIndex.unknownInitiators);
    command.complete(Status.checkCondition, noResources);
    return undefined;
  }
}
