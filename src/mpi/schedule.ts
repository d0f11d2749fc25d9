/** A collective under way: a generator that yields where it has to wait, stepped by whoever makes progress. */

import { MpiError } from './errors.ts';
import type { Request } from './request.ts';

/** Steps of a collective; each yield means: not yet, come again. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

export class Schedule {
  readonly request: Request;
  readonly #steps: Steps<unknown>;

  constructor(steps: Steps<unknown>, request: Request) {
    this.#steps = steps;
    this.request = request;
  }

  /** Goes on as far as it goes; true: it is over. */
  step(): boolean {
    if (this.request.done) return true;
    try {
      if (this.#steps.next().done !== true) return false;
      this.request.finish();
    } catch (error) {
      const failure =
        error instanceof MpiError ? error : new MpiError('ERR_OTHER', String(error), { cause: error });
      this.request.finish(failure);
    }
    return true;
  }
}
