/** Which numbers of a sequence have come, and which are missing (RFC 7143 §4.2.2, §7.9). */

import { advance, ahead } from './serial.ts';

/** Numbers that may be missing at once: more is nonsense. */
const maxMissing = 1 << 16;

/** A run of consecutive numbers. */
export interface Run {
  readonly begin: number;
  readonly count: number;
}

export class Gaps {
  /** One more than the highest number known to have been sent. */
  next: number;
  /** Missing numbers, oldest first, and when each was last asked for. */
  readonly #missing = new Map<number, number>();

  constructor(first: number) {
    this.next = first;
  }

  get isWhole(): boolean {
    return this.#missing.size === 0;
  }

  /** How many are missing. */
  get missing(): number {
    return this.#missing.size;
  }

  /** The oldest missing number; `next` when there is none. */
  get first(): number {
    for (const number of this.#missing.keys()) return number;
    return this.next;
  }

  /** A number has come. False: it came before. @throws RangeError for one that is absurdly far off. */
  take(number: number): boolean {
    if (ahead(number, this.next) < 0) return this.#missing.delete(number);
    this.expect(number);
    this.next = advance(number);
    return true;
  }

  /** All before this number were sent. @throws RangeError as `take` */
  expect(next: number): void {
    const more = ahead(next, this.next);
    if (more + this.#missing.size > maxMissing) throw new RangeError(`${more} numbers are missing`);
    for (let i = 0; i < more; i++) this.#missing.set(advance(this.next, i), Number.NEGATIVE_INFINITY);
    if (more > 0) this.next = next;
  }

  /** Nothing is missing any more. */
  forget(): void {
    this.#missing.clear();
  }

  reset(first: number): void {
    this.next = first;
    this.#missing.clear();
  }

  /** Missing runs that were not asked for after `since`; they are asked for now. */
  ask(since: number, now: number): Run[] {
    const runs: { begin: number; count: number }[] = [];
    let last: { begin: number; count: number } | undefined;
    for (const [number, asked] of this.#missing) {
      if (asked > since) continue;
      this.#missing.set(number, now);
      if (last && advance(last.begin, last.count) === number) last.count++;
      else {
        last = { begin: number, count: 1 };
        runs.push(last);
      }
    }
    return runs;
  }
}
