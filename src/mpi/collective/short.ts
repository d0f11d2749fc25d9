/**
 * Blocking collectives of short messages, as plain loops: the same messages as those of dissemination-barrier.ts,
 * binomial-bcast.ts and doubling-allreduce.ts, which run as steps. Ranks that call these and ranks that run those go together.
 */

import type { Engine } from '../engine.ts';
import type { Op } from '../ops.ts';
import type { Request } from '../request.ts';
import { classOf, type TypedArray, ViewCache } from '../typed.ts';

const nothing = new Uint8Array(0);

export class ShortCollectives {
  /** All reduce can be done: there is a power of two of ranks. */
  readonly even: boolean;
  readonly #engine: Engine;
  readonly #ranks: readonly number[];
  readonly #rank: number;
  readonly #context: number;
  /** Receives here one after another. */
  readonly #request: Request;
  readonly #views = new ViewCache();
  /** Room for what comes, and its bytes. */
  #came: TypedArray = nothing;
  #cameBytes: Uint8Array = nothing;

  constructor(engine: Engine, ranks: readonly number[], rank: number, context: number) {
    this.#engine = engine;
    this.#ranks = ranks;
    this.#rank = rank;
    this.#context = context;
    this.#request = engine.request('receive');
    this.even = (ranks.length & (ranks.length - 1)) === 0;
  }

  barrier(tag: number): void {
    const size = this.#ranks.length;
    for (let step = 1; step < size; step *= 2) {
      this.#receive(nothing, (this.#rank + size - step) % size, tag);
      this.#send(nothing, (this.#rank + step) % size, tag);
      this.#wait();
    }
  }

  /** `buffer` goes as an eager message. */
  bcast(buffer: TypedArray, root: number, tag: number): void {
    const size = this.#ranks.length;
    const bytes = this.#views.bytesOf(buffer);
    const me = (this.#rank - root + size) % size;
    let mask = 1;
    while (mask < size && (me & mask) === 0) mask *= 2;
    if (mask < size) {
      this.#receive(bytes, (me - mask + root) % size, tag);
      this.#wait();
    }
    for (mask >>>= 1; mask > 0; mask >>>= 1)
      if (me + mask < size) this.#send(bytes, (me + mask + root) % size, tag);
  }

  /** `work` holds our part, and the result in the end. */
  allreduce(work: TypedArray, op: Op, tag: number): void {
    const size = this.#ranks.length;
    const bytes = this.#views.bytesOf(work);
    const came = this.#roomLike(work);
    for (let mask = 1; mask < size; mask *= 2) {
      const peer = this.#rank ^ mask;
      this.#receive(this.#cameBytes, peer, tag);
      this.#send(bytes, peer, tag);
      this.#wait();
      if (peer < this.#rank || op.commutative) op.apply(came, work);
      else op.applyLeft(work, came);
    }
  }

  #roomLike(work: TypedArray): TypedArray {
    const came = this.#came;
    if (came.length === work.length && came.constructor === work.constructor) return came;
    const made = new (classOf(work))(work.length);
    this.#came = made;
    this.#cameBytes = new Uint8Array(made.buffer, 0, made.byteLength);
    return made;
  }

  #receive(bytes: Uint8Array, source: number, tag: number): void {
    const request = this.#request;
    const engine = this.#engine;
    request.reset();
    request.bytes = bytes;
    request.length = bytes.length;
    request.context = this.#context;
    request.tag = tag;
    request.source = source;
    request.peer = this.#ranks[source] as number;
    engine.receive(request);
    const dead = engine.channels[request.peer]?.dead;
    if (dead && !request.done && engine.cancel(request)) request.finish(dead);
  }

  #send(bytes: Uint8Array, dest: number, tag: number): void {
    const peer = this.#ranks[dest] as number;
    if (!this.#engine.sendNow(peer, this.#rank, this.#context, tag, bytes)) this.#sendLate(bytes, peer, tag);
  }

  /** The message has to wait for its turn. */
  #sendLate(bytes: Uint8Array, peer: number, tag: number): void {
    const request = this.#engine.request('send');
    request.bytes = bytes;
    request.length = bytes.length;
    request.context = this.#context;
    request.tag = tag;
    request.peer = peer;
    try {
      this.#engine.send(request, this.#rank);
      request.wait();
    } catch (error) {
      this.#engine.cancel(this.#request);
      throw error;
    }
  }

  /** Waits for what is to be received. @throws MpiError how it failed */
  #wait(): void {
    const request = this.#request;
    if (!request.done) this.#engine.block(request);
    if (request.error) throw request.error;
  }
}
