/** A message that a matched probe took out (MPI-4.0 §3.8.2). */

import { ANY_TAG, PROC_NULL } from './constants.ts';
import { MpiError } from './errors.ts';
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

/** What a matched probe finds at PROC_NULL (MPI_MESSAGE_NO_PROC, §3.8.2). */
export const fromNobody: Unexpected = {
  source: PROC_NULL,
  tag: ANY_TAG,
  length: 0,
  deliver: (request) => {
    Object.assign(request.status, statusOf(PROC_NULL, ANY_TAG, 0));
    request.finish();
  },
};

export class Message {
  readonly status: Status;
  readonly #engine: Progress;
  readonly #onError: Request['onError'];
  /** Undefined: it was received. */
  #message: Unexpected | undefined;

  /** `onError` is told how its receive fails. */
  constructor(engine: Progress, message: Unexpected, onError: Request['onError']) {
    this.#engine = engine;
    this.#onError = onError;
    this.#message = message;
    this.status = statusOf(message.source, message.tag, message.length);
  }

  /** Receives it, once. @throws MpiError ERR_REQUEST the second time */
  recv(buffer: ArrayBufferView): Status {
    return this.irecv(buffer).wait();
  }

  irecv(buffer: ArrayBufferView): Request {
    const message = this.#message;
    if (!message) throw new MpiError('ERR_REQUEST', 'the message was received already');
    this.#message = undefined;
    const request = new Request(kind, this.#engine);
    request.bytes = bytesOf(buffer);
    request.length = request.bytes.length;
    request.onError = this.#onError;
    message.deliver(request);
    return request;
  }
}
