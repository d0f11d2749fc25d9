/** The target's side of a routed nexus: commands that came as messages, and their answers, which go as messages or ride on receipts. */

import type { Command, Nexus, Target, TaskAttribute, TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { maxCdbLength, maxSenseLength } from '../../transport/task.ts';
import type { Arrival } from './arrival.ts';
import type { Outgoing } from './node.ts';
import { MessageFault, MessageKind, messageBytes, type ReadMessage } from './packet.ts';
import { StoredMessage } from './stored-message.ts';

const nothing = new Uint8Array(0);

export class Served implements Nexus {
  readonly initiator: number;
  readonly name: string;
  alive = true;
  readonly #send: (what: Outgoing) => void;
  readonly #spare: RoutedCommand[] = [];
  /** The command that the target is being handed, if its answer may ride on the receipt. */
  #riding: RoutedCommand | undefined = undefined;
  #rode = false;

  constructor(initiator: number, name: string, send: (what: Outgoing) => void) {
    this.initiator = initiator;
    this.name = name;
    this.#send = send;
  }

  /** Hands a command to the target; true: it has ended with GOOD, and that is told by the receipt. */
  command(message: ReadMessage, arrival: Arrival, target: Target | undefined, rides: boolean): boolean {
    if (!target) {
      this.#send(new StoredMessage(MessageKind.answer, { tag: message.tag, fault: MessageFault.noTarget }));
      return false;
    }
    const command = this.#spare.pop() ?? new RoutedCommand(this);
    const tag = message.tag;
    command.load(message, arrival);
    this.#riding = rides ? command : undefined;
    this.#rode = false;
    target.command(command);
    this.#riding = undefined;
    if (command.live && command.tag === tag) command.keep();
    return this.#rode;
  }

  manage({ tag, code, lun, value }: ReadMessage, target: Target | undefined): void {
    if (target) {
      const response = target.manage(this, code as TaskManagement, lun, value);
      this.#send(new StoredMessage(MessageKind.response, { tag, code: response }));
    } else this.#send(new StoredMessage(MessageKind.response, { tag, fault: MessageFault.noTarget }));
  }

  /** Ends a command, unless it has ended before. */
  complete(
    command: RoutedCommand,
    status: Status,
    sense: Uint8Array,
    dataIn: Uint8Array,
    offset: number,
    offered: number,
  ): void {
    if (!(command.live && this.alive)) return;
    const { tag } = command;
    const residual = command.residual(offered);
    const plain = status === Status.good && sense.length === 0 && offered === 0 && residual === 0;
    if (plain && this.#riding === command) this.#rode = true;
    else {
      const extra = sense.subarray(0, maxSenseLength);
      const data = dataIn.subarray(offset, offset + Math.min(offered, command.dataInLength));
      this.#send(new StoredMessage(MessageKind.answer, { code: status, tag, extra, value: residual, data }));
    }
    this.#recycle(command);
  }

  abandon(command: RoutedCommand): void {
    if (!(command.live && this.alive)) return;
    this.#send(new StoredMessage(MessageKind.answer, { tag: command.tag, fault: MessageFault.aborted }));
    this.#recycle(command);
  }

  #recycle(command: RoutedCommand): void {
    command.unload();
    if (this.#riding === command) this.#riding = undefined;
    this.#spare.push(command);
  }

  /** The nexus is lost: commands that are still held end silently. */
  end(): void {
    this.alive = false;
  }
}

class RoutedCommand implements Command {
  readonly nexus: Served;
  tag = 0;
  lun = 0;
  attribute: TaskAttribute = 0;
  readonly cdb: Uint8Array = new Uint8Array(maxCdbLength);
  cdbLength = 0;
  dataOut: Uint8Array = nothing;
  dataOutOffset = 0;
  dataOutLength = 0;
  dataInLength = 0;
  dataOutWanted = 0;
  live = false;

  constructor(nexus: Served) {
    this.nexus = nexus;
  }

  load(message: ReadMessage, arrival: Arrival): void {
    const { memory, at, bytes } = arrival;
    const { extra, data } = message;
    this.live = true;
    this.tag = message.tag;
    this.lun = message.lun;
    this.attribute = message.code as TaskAttribute;
    for (let i = 0; i < extra; i++) this.cdb[i] = memory[at + messageBytes + i] as number;
    if (extra < this.cdbLength) this.cdb.fill(0, extra, this.cdbLength);
    this.cdbLength = extra;
    this.dataOut = memory;
    this.dataOutOffset = at + bytes - data;
    this.dataOutLength = data;
    this.dataOutWanted = data;
    this.dataInLength = message.value >>> 0;
  }

  unload(): void {
    this.live = false;
    this.dataOut = nothing;
  }

  /** The target holds it, but the memory is needed for the next packet. */
  keep(): void {
    this.dataOut = this.dataOut.slice(this.dataOutOffset, this.dataOutOffset + this.dataOutLength);
    this.dataOutOffset = 0;
  }

  /** Of data-in, when there is room for it or nothing else to tell of; otherwise of data-out (SAM-5 §5.4.3). */
  residual(offered: number): number {
    const onlyIn = this.dataInLength > 0 || (this.dataOutLength === 0 && this.dataOutWanted === 0);
    return onlyIn ? this.dataInLength - offered : this.dataOutLength - this.dataOutWanted;
  }

  complete(status: Status, sense = nothing, dataIn = nothing, offset = 0, length?: number): void {
    this.nexus.complete(this, status, sense, dataIn, offset, length ?? dataIn.length - offset);
  }

  abandon(): void {
    this.nexus.abandon(this);
  }
}
