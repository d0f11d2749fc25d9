/** A long message on its way in: its envelope has come, its data come in commands that are held until a receive matches. */

import type { Command } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import type { Channel } from './channel.ts';
import { Kind } from './envelope.ts';
import { MpiError } from './errors.ts';
import type { Unexpected } from './mailbox.ts';
import type { Request } from './request.ts';
import { pieceNumber, pieceNumbers } from './slots.ts';
import { copy } from './typed.ts';

export class Inbound implements Unexpected {
  readonly source: number;
  readonly tag: number;
  readonly length: number;
  readonly id: number;
  readonly #channel: Channel;
  /** The data wait until we ask for them. */
  readonly #announced: boolean;
  readonly #held: Command[] = [];
  #request: Request | undefined = undefined;
  #taken = 0;
  /** Pieces that have come. */
  #pieces = 0;
  #error: MpiError | undefined = undefined;

  constructor(channel: Channel, id: number, source: number, tag: number, length: number, announced: boolean) {
    this.#channel = channel;
    this.id = id;
    this.source = source;
    this.tag = tag;
    this.length = length;
    this.#announced = announced;
  }

  deliver(request: Request): void {
    if (this.#error) {
      request.finish(this.#error);
      return;
    }
    this.#request = request;
    request.status.source = this.source;
    request.status.tag = this.tag;
    request.status.bytes = this.length;
    request.peer = this.#channel.rank;
    if (this.#announced) this.#channel.answer(Kind.ready, this.id);
    for (const command of this.#held.splice(0)) this.#take(command);
  }

  /** A command with data came; one that overtook another comes again after it. */
  data(command: Command): void {
    if (pieceNumber(command.cdb) !== this.#pieces % pieceNumbers) {
      command.complete(Status.busy);
      return;
    }
    this.#pieces++;
    if (this.#request) this.#take(command);
    else this.#held.push(command);
  }

  /** The data phase: from the initiator's memory into the receive's buffer. */
  #take(command: Command): void {
    const request = this.#request as Request;
    const { dataOutLength: length } = command;
    if (length > this.length - this.#taken) {
      command.complete(Status.checkCondition);
      return;
    }
    const room = Math.min(length, request.length - this.#taken);
    if (room > 0 && !this.#fetch(command, request.bytes, room)) {
      command.complete(Status.checkCondition);
      this.#channel.inbound[this.id] = undefined;
      request.finish(new MpiError('ERR_OTHER', `the data from rank ${this.#channel.rank} can't be fetched`));
      return;
    }
    this.#taken += length;
    command.complete(Status.good);
    if (this.#taken < this.length) return;
    this.#channel.inbound[this.id] = undefined;
    request.finish(this.length > request.length ? truncated(request, this.length) : undefined);
  }

  #fetch(command: Command, into: Uint8Array, length: number): boolean {
    if (command.fetch) return command.fetch(into, this.#taken, length);
    copy(into, this.#taken, command.dataOut, command.dataOutOffset, length);
    return true;
  }

  /** The peer is gone. */
  fail(error: MpiError): void {
    this.#error = error;
    this.#request?.finish(error);
  }
}

/** A message is longer than the buffer for it. */
export function truncated(request: Request, length: number): MpiError {
  const { source, tag } = request.status;
  return new MpiError(
    'ERR_TRUNCATE',
    `the message from rank ${source} with tag ${tag} has ${length} bytes, the buffer for it ${request.length}`,
  );
}
