/** Probes, exchanges and objects: point-to-point calls made of others (MPI-4.0 §3.8, §3.10). */

import { deserialize, serialize } from 'node:v8';
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from './constants.ts';
import type { Unexpected } from './mailbox.ts';
import { fromNobody, Message, statusOf } from './message.ts';
import { Messages } from './messages.ts';
import type { Status } from './status.ts';
import { bytesOf } from './typed.ts';

export class Exchanges extends Messages {
  /** The status of the first message that such a receive would get, if it is there. */
  iprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Status | undefined {
    this.checkReceive(source, tag);
    if (source === PROC_NULL) return statusOf(PROC_NULL, ANY_TAG, 0);
    this.engine.progress();
    const found = this.engine.mailbox(this.context).find(source, tag);
    return found && statusOf(found.source, found.tag, found.length);
  }

  /** Blocks until such a message is there. */
  probe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Status {
    return this.#until(source, tag, () => this.iprobe(source, tag));
  }

  /** Takes such a message out, so that it can be received in peace, if it is there. */
  improbe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Message | undefined {
    this.checkReceive(source, tag);
    if (source === PROC_NULL) return this.#matched(fromNobody);
    this.engine.progress();
    const found = this.engine.mailbox(this.context).take(source, tag);
    return found && this.#matched(found);
  }

  #matched(message: Unexpected): Message {
    return new Message(this.engine, message, (error) => this.report(error));
  }

  mprobe(source: number = ANY_SOURCE, tag: number = ANY_TAG): Message {
    return this.#until(source, tag, () => this.improbe(source, tag));
  }

  #until<T>(source: number, tag: number, look: () => T | undefined): T {
    this.checkReceive(source, tag);
    const world = source < 0 ? -1 : (this.ranks[source] ?? -1);
    this.note('probe', world, tag, 0);
    return this.engine.blockUntil(look, world);
  }

  /** Sends and receives at once. */
  sendrecv(
    data: ArrayBufferView,
    dest: number,
    sendTag: number,
    buffer: ArrayBufferView,
    source: number = ANY_SOURCE,
    tag: number = ANY_TAG,
  ): Status {
    const receive = this.irecv(buffer, source, tag);
    const send = this.isend(data, dest, sendTag);
    this.note('sendrecv', receive.peer, tag, receive.length);
    send.wait();
    return receive.wait();
  }

  /** Sends the buffer and receives into it. */
  sendrecvReplace(
    buffer: ArrayBufferView,
    dest: number,
    sendTag: number,
    source: number = ANY_SOURCE,
    tag: number = ANY_TAG,
  ): Status {
    return this.sendrecv(bytesOf(buffer).slice(), dest, sendTag, buffer, source, tag);
  }

  /** Sends any value that can be cloned (structured clone). */
  sendObject(value: unknown, dest: number, tag = 0): void {
    this.send(serialize(value), dest, tag);
  }

  /** Receives such a value. */
  recvObject(source: number = ANY_SOURCE, tag: number = ANY_TAG, status?: Status): unknown {
    const message = this.mprobe(source, tag);
    const bytes = Buffer.allocUnsafe(message.status.bytes);
    const came = message.recv(bytes);
    if (status) Object.assign(status, came);
    return deserialize(bytes);
  }
}
