/** Point-to-point communication in a communicator (MPI-4.0 chapter 3). */

import { type Operation, operationNumber } from './activity.ts';
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from './constants.ts';
import type { Engine } from './engine.ts';
import { type ErrorClass, MpiError } from './errors.ts';
import { PersistentRequest } from './persistent.ts';
import type { Request } from './request.ts';
import { Status } from './status.ts';
import { bytesOf, ViewCache } from './typed.ts';

/** What becomes of errors (§9.3): 'return' throws them, 'abort' ends the job. */
export type ErrorHandler = 'return' | 'abort' | ((error: MpiError) => void);

const call = {
  send: operationNumber('send'),
  ssend: operationNumber('ssend'),
  bsend: operationNumber('bsend'),
  isend: operationNumber('isend'),
  recv: operationNumber('recv'),
  irecv: operationNumber('irecv'),
} as const;

export class Messages {
  readonly engine: Engine;
  /** World ranks, by rank. */
  readonly ranks: readonly number[];
  /** Our rank. */
  readonly rank: number;
  /** Context of its point-to-point messages; collectives have the next one. */
  readonly context: number;
  /** For people. */
  name = '';
  errorHandler: ErrorHandler = 'return';
  freed = false;
  readonly #sendViews = new ViewCache();
  readonly #receiveViews = new ViewCache();
  /** Requests of blocking calls, to be used again. */
  readonly #spares: Request[] = [];

  constructor(engine: Engine, ranks: readonly number[], context: number) {
    this.engine = engine;
    this.ranks = ranks;
    this.rank = ranks.indexOf(engine.rank);
    this.context = context;
  }

  get size(): number {
    return this.ranks.length;
  }

  /** Says an error as the error handler wants it, and throws it. */
  raise(errorClass: ErrorClass, message: string): never {
    const error = new MpiError(
      errorClass,
      `${message} (rank ${this.rank} of ${this.name || 'communicator'})`,
    );
    this.report(error);
    throw error;
  }

  /** Tells the error handler. */
  report(error: MpiError): void {
    if (this.errorHandler === 'abort') this.engine.quit(error.code, error.message);
    else if (this.errorHandler !== 'return') this.errorHandler(error);
  }

  #world(rank: number): number {
    const world = this.ranks[rank];
    if (world !== undefined && !this.freed) return world;
    if (rank === PROC_NULL) return PROC_NULL;
    if (this.freed) this.raise('ERR_COMM', 'the communicator was freed');
    return this.raise('ERR_RANK', `rank ${rank} is not in a communicator of ${this.size}`);
  }

  #checkTag(tag: number): void {
    if (!(tag >= 0 && tag === (tag | 0))) this.raise('ERR_TAG', `tag ${tag} is not from 0 to 2147483647`);
  }

  protected note(operation: Operation | number, peer: number, tag: number, bytes: number): void {
    this.engine.note(
      typeof operation === 'number' ? operation : operationNumber(operation),
      peer,
      tag,
      bytes,
    );
  }

  #send(request: Request, bytes: Uint8Array, peer: number, tag: number, synchronous: boolean): Request {
    if (bytes.length > 0xffffffff)
      this.raise('ERR_COUNT', `a message has less than 4 GiB, not ${bytes.length} bytes`);
    request.bytes = bytes;
    request.length = bytes.length;
    request.context = this.context;
    request.tag = tag;
    request.peer = peer;
    request.synchronous = synchronous;
    if (this.errorHandler !== 'return') request.onError = (error) => this.report(error);
    this.engine.send(request, this.rank);
    return request;
  }

  /** Blocks until the data may be changed. */
  send(data: ArrayBufferView, dest: number, tag = 0): void {
    const bytes = this.#sendViews.bytesOf(data);
    const peer = this.#world(dest);
    this.#checkTag(tag);
    const { engine } = this;
    engine.note(call.send, peer, tag, bytes.length);
    if (peer >= 0 && engine.sendNow(peer, this.rank, this.context, tag, bytes)) return;
    this.#send(engine.request('send'), bytes, peer, tag, false).wait();
  }

  /** Synchronous send: blocks until a receive has matched. */
  ssend(data: ArrayBufferView, dest: number, tag = 0): void {
    const request = this.issend(data, dest, tag);
    this.note(call.ssend, request.peer, tag, request.length);
    request.wait();
  }

  /** Ready send: the receive is posted already, says the caller. */
  rsend(data: ArrayBufferView, dest: number, tag = 0): void {
    this.send(data, dest, tag);
  }

  /** Buffered send: returns at once; the data are copied if they can't go. No buffer needs to be attached. */
  bsend(data: ArrayBufferView, dest: number, tag = 0): void {
    this.ibsend(data, dest, tag);
  }

  isend(data: ArrayBufferView, dest: number, tag = 0): Request {
    return this.#start(data, dest, tag, false);
  }

  issend(data: ArrayBufferView, dest: number, tag = 0): Request {
    return this.#start(data, dest, tag, true);
  }

  irsend(data: ArrayBufferView, dest: number, tag = 0): Request {
    return this.isend(data, dest, tag);
  }

  ibsend(data: ArrayBufferView, dest: number, tag = 0): Request {
    const bytes = bytesOf(data);
    const peer = this.#world(dest);
    this.#checkTag(tag);
    this.note(call.bsend, peer, tag, bytes.length);
    const { engine } = this;
    const request = engine.request('send');
    const gone = peer >= 0 && engine.sendNow(peer, this.rank, this.context, tag, bytes);
    if (!gone) this.#send(engine.request('send'), bytes.slice(), peer, tag, false);
    request.finish();
    return request;
  }

  #start(data: ArrayBufferView, dest: number, tag: number, synchronous: boolean): Request {
    const bytes = this.#sendViews.bytesOf(data);
    const peer = this.#world(dest);
    this.#checkTag(tag);
    const { engine } = this;
    engine.note(call.isend, peer, tag, bytes.length);
    const request = engine.request('send');
    if (synchronous || peer < 0 || !engine.sendNow(peer, this.rank, this.context, tag, bytes))
      return this.#send(request, bytes, peer, tag, synchronous);
    request.peer = peer;
    request.finish();
    return request;
  }

  /** A send that may be started again and again. */
  sendInit(
    data: ArrayBufferView,
    dest: number,
    tag = 0,
    mode: 'standard' | 'synchronous' = 'standard',
  ): PersistentRequest {
    const bytes = bytesOf(data);
    const peer = this.#world(dest);
    this.#checkTag(tag);
    return new PersistentRequest('send', this.engine, (request) => {
      this.#send(request, bytes, peer, tag, mode === 'synchronous');
    });
  }

  /** A receive that may be started again and again. */
  recvInit(buffer: ArrayBufferView, source: number = ANY_SOURCE, tag: number = ANY_TAG): PersistentRequest {
    const bytes = bytesOf(buffer);
    this.checkReceive(source, tag);
    const peer = source === ANY_SOURCE ? ANY_SOURCE : this.#world(source);
    return new PersistentRequest('receive', this.engine, (request) => {
      this.#receive(request, bytes, source, tag, peer);
    });
  }

  protected checkReceive(source: number, tag: number): void {
    if (source !== ANY_SOURCE) this.#world(source);
    if (tag !== ANY_TAG) this.#checkTag(tag);
  }

  #receive(request: Request, bytes: Uint8Array, source: number, tag: number, peer: number): Request {
    request.bytes = bytes;
    request.length = bytes.length;
    request.context = this.context;
    request.source = source;
    request.tag = tag;
    request.peer = peer < 0 ? -1 : peer;
    if (this.errorHandler !== 'return') request.onError = (error) => this.report(error);
    if (source === PROC_NULL) {
      request.status.source = PROC_NULL;
      request.status.tag = ANY_TAG;
      request.status.bytes = 0;
      request.finish();
      return request;
    }
    const dead = request.peer >= 0 ? this.engine.channels[request.peer]?.dead : undefined;
    this.engine.receive(request);
    if (dead && !request.done && this.engine.cancel(request)) request.finish(dead);
    return request;
  }

  /** Blocks until a message has come. With `status` given, that one is filled in and nothing is made. */
  recv(
    buffer: ArrayBufferView,
    source: number = ANY_SOURCE,
    tag: number = ANY_TAG,
    status: Status = new Status(),
  ): Status {
    const bytes = this.#receiveViews.bytesOf(buffer);
    const peer = source === ANY_SOURCE ? ANY_SOURCE : this.#world(source);
    if (tag !== ANY_TAG) this.#checkTag(tag);
    const request = this.#spares.pop() ?? this.engine.request('receive');
    request.reset();
    this.engine.note(call.recv, peer, tag, bytes.length);
    this.#receive(request, bytes, source, tag, peer);
    const came = request.wait();
    status.source = came.source;
    status.tag = came.tag;
    status.bytes = came.bytes;
    this.#spares.push(request);
    return status;
  }

  irecv(buffer: ArrayBufferView, source: number = ANY_SOURCE, tag: number = ANY_TAG): Request {
    const bytes = this.#receiveViews.bytesOf(buffer);
    const peer = source === ANY_SOURCE ? ANY_SOURCE : this.#world(source);
    if (tag !== ANY_TAG) this.#checkTag(tag);
    this.engine.note(call.irecv, peer, tag, bytes.length);
    return this.#receive(this.engine.request('receive'), bytes, source, tag, peer);
  }
}
