/**
 * Which way the data of a long message go that lie in ordinary memory: through staging memory, or fetched by the target
 * where they lie. What that takes is measured at both ends; now and then a message goes the other way, so that it stays
 * known.
 */

import { Pace } from '../time/pace.ts';
import type { InitiatorNexus } from '../transport/transport.ts';

/** One message in so many goes the way that is not liked. */
const trialEach = 32;
/** For shorter messages the kernel's own work is too much. */
const leastFar = 32768;
/** A way that is better by less is not worth the change. */
const margin = 0.9;

export class Ways {
  readonly #nexus: InitiatorNexus;
  /** Longer messages go far, whatever was measured. */
  readonly #most: number;
  /** Copying into staging memory, in milliseconds per byte. */
  readonly #staging = new Pace();
  #messages = 0;
  #likesFar = false;

  /** `most`: bytes that are worth staging at all. */
  constructor(nexus: InitiatorNexus, most: number = Number.POSITIVE_INFINITY) {
    this.#nexus = nexus;
    this.#most = most;
  }

  /** It is worth knowing how long staging takes. */
  get open(): boolean {
    return this.#nexus.far !== undefined;
  }

  /** Bytes were copied into staging memory. */
  staged(ms: number, bytes: number): void {
    this.#staging.add(ms, bytes);
  }

  /** Bytes per command of a message whose data are to be fetched where they lie; 0: they are to be staged. */
  far(length: number): number {
    if (length < leastFar) return 0;
    const { far } = this.#nexus;
    if (!far) return 0;
    if (length > this.#most) return far.maxDataOut;
    this.#messages = (this.#messages + 1) % trialEach;
    const trial = this.#messages === 0;
    if (trial) this.#judge(far.near, far.far);
    return this.#likesFar !== trial ? far.maxDataOut : 0;
  }

  /** Staging keeps two processors busy at once: the slower one counts. Picoseconds per byte. */
  #judge(near: number, far: number): void {
    if (near <= 0 || far <= 0) return;
    const staging = this.#staging.count > 0 ? this.#staging.value * 1e9 : 0;
    const staged = Math.max(near, staging);
    this.#likesFar = this.#likesFar ? far * margin < staged : far < staged * margin;
  }
}
