/** A place on the bus: one path, and the device behind it, which may go and come back. */

import type { SgDevice } from './device.ts';
import { type SgError, sgError } from './errors.ts';
import { type NexusHost, SgNexus } from './nexus.ts';

/** Pauses between attempts to find a device again, in ms: they double from the first to the longest. */
export interface Retry {
  readonly first: number;
  readonly most: number;
}

export class Seat {
  readonly id: number;
  readonly path: string;
  nexus: SgNexus | undefined;
  /** When to look for the device again. */
  due = Number.NEGATIVE_INFINITY;
  /** Why it was not there when we looked last. */
  trouble: SgError | undefined;
  readonly #retry: Retry;
  #pause: number;

  constructor(id: number, path: string, retry: Retry) {
    this.id = id;
    this.path = path;
    this.#retry = retry;
    this.#pause = retry.first;
  }

  /** Looks for the device; true: it is there. `trouble` says why not. */
  tryOpen(host: NexusHost, open: () => SgDevice, now: number): boolean {
    try {
      this.nexus = new SgNexus(host, this.id, open());
      this.due = Number.POSITIVE_INFINITY;
      this.trouble = undefined;
      return true;
    } catch (error) {
      this.trouble = sgError(this.path, error);
      this.#wait(now);
      return false;
    }
  }

  /** The device has gone. One that never answered is looked for less and less often. */
  left(now: number): void {
    if (this.nexus?.answered) this.#pause = this.#retry.first;
    this.nexus = undefined;
    this.#wait(now);
  }

  #wait(now: number): void {
    this.due = now + this.#pause;
    this.#pause = Math.min(this.#retry.most, 2 * this.#pause);
  }
}
