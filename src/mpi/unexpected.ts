/**
 * Messages that came before their receive. They are kept in memory of ours, so that their commands end; beyond a limit
 * their commands are held instead, and the sender has to wait.
 */

import type { Command } from '../scsi/command.ts';
import { Status } from '../scsi/status.ts';
import type { Channel } from './channel.ts';
import { Kind } from './envelope.ts';
import { truncated } from './inbound.ts';
import type { Unexpected } from './mailbox.ts';
import type { Request } from './request.ts';
import { copy } from './typed.ts';

/** Fills a matched receive from memory. */
export function fill(
  request: Request,
  source: number,
  tag: number,
  from: Uint8Array,
  offset: number,
  length: number,
): void {
  const { status } = request;
  status.source = source;
  status.tag = tag;
  status.bytes = length;
  const room = Math.min(length, request.length);
  if (room > 0) copy(request.bytes, 0, from, offset, room);
  request.finish(length > request.length ? truncated(request, length) : undefined);
}

/** Bytes of messages kept. */
export interface Ledger {
  kept: number;
}

/** An eager message, copied. */
export class Kept implements Unexpected {
  readonly source: number;
  readonly tag: number;
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** Who wants to know that it is matched: a peer's message, or our own send to ourselves. */
  readonly #sender: Channel | Request | undefined;
  readonly #id: number;
  readonly #ledger: Ledger;

  constructor(
    ledger: Ledger,
    source: number,
    tag: number,
    bytes: Uint8Array,
    sender?: Channel | Request,
    id = 0,
  ) {
    this.#ledger = ledger;
    ledger.kept += bytes.length;
    this.source = source;
    this.tag = tag;
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#sender = sender;
    this.#id = id;
  }

  deliver(request: Request): void {
    fill(request, this.source, this.tag, this.#bytes, 0, this.length);
    this.#ledger.kept -= this.length;
    const sender = this.#sender;
    if (!sender) return;
    if ('finish' in sender) sender.finish();
    else sender.answer(Kind.matched, this.#id);
  }
}

/** An eager message whose command is held. */
export class Held implements Unexpected {
  readonly source: number;
  readonly tag: number;
  readonly length: number;
  readonly #command: Command;
  readonly #offset: number;
  readonly #sender: Channel | undefined;
  readonly #id: number;

  constructor(source: number, tag: number, command: Command, offset: number, sender?: Channel, id = 0) {
    this.source = source;
    this.tag = tag;
    this.length = command.dataOutLength - offset;
    this.#command = command;
    this.#offset = offset;
    this.#sender = sender;
    this.#id = id;
  }

  deliver(request: Request): void {
    const command = this.#command;
    fill(request, this.source, this.tag, command.dataOut, command.dataOutOffset + this.#offset, this.length);
    command.complete(Status.good);
    this.#sender?.answer(Kind.matched, this.#id);
  }
}
