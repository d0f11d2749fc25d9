/** Persistent requests (MPI-4.0 §3.9): set up once, started as often as one likes. */

import { MpiError } from './errors.ts';
import { type Progress, Request, type RequestKind } from './request.ts';

export class PersistentRequest extends Request {
  readonly #begin: (request: Request) => void;

  constructor(kind: RequestKind, engine: Progress, begin: (request: Request) => void) {
    super(kind, engine);
    this.#begin = begin;
    this.done = true;
    this.collected = true;
  }

  /** Starts it; it must not be under way. @throws MpiError ERR_REQUEST */
  start(): this {
    if (!this.done) throw new MpiError('ERR_REQUEST', 'the request is under way already');
    this.reset();
    this.status.cancelled = false;
    this.#begin(this);
    return this;
  }
}

/** Starts several (MPI_Startall). */
export function startAll(requests: readonly PersistentRequest[]): void {
  for (const request of requests) request.start();
}
