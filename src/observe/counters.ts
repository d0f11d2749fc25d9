/**
 * Named counters in shared memory: plain stores by the one thread that counts, read by any other thread
 * without asking it. Values are exact up to 2^53. A reader may see two counters from different moments.
 */

/** A block of counters; pass `buffer` to another thread and open it there with the same names. */
export class Counters<Name extends string> {
  readonly names: readonly Name[];
  readonly buffer: SharedArrayBuffer;
  readonly #values: Float64Array;
  readonly #index: ReadonlyMap<Name, number>;

  constructor(names: readonly Name[], buffer = new SharedArrayBuffer(8 * names.length)) {
    if (buffer.byteLength < 8 * names.length)
      throw new RangeError('counters: buffer too small for its names');
    this.names = names;
    this.buffer = buffer;
    this.#values = new Float64Array(buffer);
    this.#index = new Map(names.map((name, i) => [name, i]));
  }

  /** Adds `by` to a counter. */
  add(name: Name, by = 1): void {
    const i = this.#index.get(name);
    if (i !== undefined) this.#values[i] = (this.#values[i] ?? 0) + by;
  }

  get(name: Name): number {
    return this.#values[this.#index.get(name) ?? -1] ?? 0;
  }

  /** Gauge: replaces the value. */
  set(name: Name, value: number): void {
    const i = this.#index.get(name);
    if (i !== undefined) this.#values[i] = value;
  }

  /** All counters as a plain object. */
  snapshot(): Record<Name, number> {
    return Object.fromEntries(this.names.map((name) => [name, this.get(name)])) as Record<Name, number>;
  }
}
