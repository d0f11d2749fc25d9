/** Operations under way (MPI-4.0 §3.7). Requests are thenable: `await request` works where an event loop turns. */

import { ANY_SOURCE, ANY_TAG } from './constants.ts';
import type { MpiError } from './errors.ts';
import { Status } from './status.ts';

/** What a request needs of the engine that it belongs to. */
export interface Progress {
  /** Does what is due; returns how much. */
  progress(): number;
  /** Blocks until the request is done. */
  block(request: Request): void;
  /** Blocks until `look` finds something; `waitsFor`: a world rank, or -1. */
  blockUntil<T>(look: () => T | undefined, waitsFor: number): T;
  /** Keeps the engine going from the event loop until the request is done. */
  pump(request: Request): void;
  /** Takes a posted receive back; false: it is matched already. */
  cancel(request: Request): boolean;
}

export type RequestKind = 'send' | 'receive' | 'collective';
type Settle = () => void;

const nothing = new Uint8Array(0);

export class Request implements PromiseLike<Status> {
  readonly kind: RequestKind;
  readonly engine: Progress;
  done = false;
  error: MpiError | undefined = undefined;
  cancelled = false;
  /** Its end was told: waitAny() and the like pass over it (§3.7.5, inactive requests). */
  collected = false;
  /** The user's memory. */
  bytes: Uint8Array = nothing;
  length = 0;
  context = 0;
  /** Ranks in the communicator; of a send: its own and the receiver's. */
  source: number = ANY_SOURCE;
  tag: number = ANY_TAG;
  /** World rank of the peer; -1: any, or none. */
  peer = -1;
  /** Of a send: must be matched before it is done. */
  synchronous = false;
  /** Of a receive: what came. */
  readonly status = new Status();
  /** The next in the list that it is in. */
  next: Request | undefined = undefined;
  /** Told of its error before it is thrown. */
  onError: ((error: MpiError) => void) | undefined = undefined;
  #settle: Settle[] | undefined = undefined;

  constructor(kind: RequestKind, engine: Progress) {
    this.kind = kind;
    this.engine = engine;
  }

  /** Makes it ready to be used again. */
  reset(): void {
    this.done = false;
    this.error = undefined;
    this.cancelled = false;
    this.collected = false;
    this.next = undefined;
  }

  /** For the engine: it is over. */
  finish(error?: MpiError): void {
    if (this.done) return;
    this.done = true;
    if (error) this.error = error;
    const settle = this.#settle;
    if (!settle) return;
    this.#settle = undefined;
    for (const one of settle) one();
  }

  /** MPI_Test: the status when it is done, undefined while it is not. @throws MpiError how the operation failed */
  test(): Status | undefined {
    if (!this.done) this.engine.progress();
    return this.done ? this.result() : undefined;
  }

  /** MPI_Wait: blocks until it is done. @throws MpiError how the operation failed */
  wait(): Status {
    if (!this.done) this.engine.block(this);
    return this.result();
  }

  /** MPI_Cancel, for receives: its status says afterwards whether it was in time. */
  cancel(): void {
    if (this.kind !== 'receive' || this.done || !this.engine.cancel(this)) return;
    this.cancelled = true;
    this.status.cancelled = true;
    this.finish();
  }

  /** What became of it, once done. @throws MpiError */
  result(): Status {
    this.collected = true;
    if (!this.error) return this.status;
    this.onError?.(this.error);
    throw this.error;
  }

  // biome-ignore lint/suspicious/noThenProperty: `await request` is part of the API
  then<A = Status, B = never>(
    fulfilled?: ((status: Status) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(fulfilled, rejected);
  }

  #promise(): Promise<Status> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.collected = true;
        if (this.error) reject(this.error);
        else resolve(this.status);
      };
      if (this.done) settle();
      else {
        this.#settle ??= [];
        this.#settle.push(settle);
        this.engine.pump(this);
      }
    });
  }
}
