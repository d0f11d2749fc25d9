/** What a collective's algorithm sends and receives through: one communicator, one tag per call. */

import type { Engine } from '../engine.ts';
import type { Request } from '../request.ts';
import type { Steps } from '../schedule.ts';
import { bytesOf, classOf, type TypedArray } from '../typed.ts';

/** Buffers that are kept to be used again. */
const mostScratch = 4;

export class Lane {
  readonly engine: Engine;
  readonly rank: number;
  readonly size: number;
  readonly context: number;
  readonly tag: number;
  readonly #ranks: readonly number[];

  constructor(engine: Engine, ranks: readonly number[], rank: number, context: number, tag: number) {
    this.engine = engine;
    this.#ranks = ranks;
    this.rank = rank;
    this.size = ranks.length;
    this.context = context;
    this.tag = tag;
  }

  /** A rank relative to another, as algorithms count. */
  around(rank: number): number {
    return ((rank % this.size) + this.size) % this.size;
  }

  send(data: TypedArray, dest: number): Request {
    const { engine, rank, context, tag } = this;
    const bytes = bytesOf(data);
    const peer = this.#ranks[dest] as number;
    if (peer !== engine.rank && engine.sendNow(peer, rank, context, tag, bytes)) return engine.sent;
    const request = engine.request('send');
    request.bytes = bytes;
    request.length = bytes.length;
    request.context = context;
    request.tag = tag;
    request.peer = peer;
    engine.send(request, rank);
    return request;
  }

  recv(buffer: TypedArray, source: number): Request {
    const { engine, context, tag } = this;
    const request = engine.spares.pop() ?? engine.request('receive');
    request.reset();
    request.bytes = bytesOf(buffer);
    request.length = request.bytes.length;
    request.context = context;
    request.tag = tag;
    request.source = source;
    request.peer = this.#ranks[source] as number;
    engine.receive(request);
    const dead = engine.channels[request.peer]?.dead;
    if (dead && !request.done && engine.cancel(request)) request.finish(dead);
    return request;
  }

  /** Room for what comes: of the class of `like`, with anything in it. Fresh memory would cost more than moving the data. */
  scratch<T extends TypedArray>(like: T, length: number): T {
    const need = length * like.BYTES_PER_ELEMENT;
    const { scratch } = this.engine;
    const at = scratch.findIndex((buffer) => buffer.byteLength >= need);
    const buffer = at < 0 ? new ArrayBuffer(Math.max(4096, 2 ** Math.ceil(Math.log2(need)))) : scratch[at];
    if (at >= 0) scratch.splice(at, 1);
    return new (classOf(like))(buffer as ArrayBuffer, 0, length);
  }

  /** Gives such room back. */
  giveBack(array: TypedArray): void {
    const { scratch } = this.engine;
    if (scratch.length < mostScratch) scratch.push(array.buffer as ArrayBuffer);
  }

  /** A request of ours is done with. @throws MpiError how it failed */
  end(request: Request): void {
    if (request.error) throw request.error;
    if (request.kind === 'receive') this.engine.spares.push(request);
  }

  /** Waits for a request. */
  *wait(request: Request): Steps {
    while (!request.done) yield;
    this.end(request);
  }

  /** Waits for many. */
  *waitAll(requests: readonly Request[]): Steps {
    for (const request of requests) yield* this.wait(request);
  }

  /** Sends one thing and receives another at once. */
  *exchange(data: TypedArray, dest: number, buffer: TypedArray, source: number): Steps {
    const receive = this.recv(buffer, source);
    const send = this.send(data, dest);
    while (!receive.done || !send.done) yield;
    this.end(receive);
    this.end(send);
  }
}
