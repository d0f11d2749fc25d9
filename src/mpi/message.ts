/** A message that a matched probe took out (MPI-4.0 §3.8.2). */

import type { Unexpected } from './mailbox.ts';
import type { Progress, RequestKind } from './request.ts';
import { Request } from './request.ts';
import { Status } from './status.ts';
import { bytesOf } from './typed.ts';

export function statusOf(source: number, tag: number, bytes: number): Status {
  const status = new Status();
  status.source = source;
  status.tag = tag;
  status.bytes = bytes;
  return status;
}

const kind: RequestKind = 'receive';

export class Message {
  readonly status: Status;
  readonly #engine: Progress;
  readonly #message: Unexpected;

  constructor(engine: Progress, message: Unexpected) {
    this.#engine = engine;
    this.#message = message;
    this.status = statusOf(message.source, message.tag, message.length);
  }

  /** Receives it. */
  recv(buffer: ArrayBufferView): Status {
    return this.irecv(buffer).wait();
  }

  irecv(buffer: ArrayBufferView): Request {
    const request = new Request(kind, this.#engine);
    request.bytes = bytesOf(buffer);
    request.length = request.bytes.length;
    this.#message.deliver(request);
    return request;
  }
}
