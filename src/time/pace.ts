/**
 * How long something takes per unit when nothing comes between: the least of the last 8 to 16 measurements. Most of what
 * disturbs a measurement makes it longer.
 */

const bucket = 8;

export class Pace {
  /** Measurements so far. */
  count = 0;
  #before = Number.POSITIVE_INFINITY;
  #now = Number.POSITIVE_INFINITY;

  add(time: number, units: number): void {
    this.#now = Math.min(this.#now, time / units);
    if (++this.count % bucket !== 0) return;
    this.#before = this.#now;
    this.#now = Number.POSITIVE_INFINITY;
  }

  /** Time per unit; infinity before the first. */
  get value(): number {
    return Math.min(this.#before, this.#now);
  }
}
