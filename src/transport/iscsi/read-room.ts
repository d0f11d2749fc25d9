/**
 * Memory that sockets are read into, the same again and again. A machine that still refers to what it was handed (data-out
 * of a command that was not answered at once) keeps its place: reading goes on behind it, and in new memory where that ends.
 */

/** Whoever may keep what it was handed. */
export interface Holder {
  readonly holding: boolean;
}

const roomSize = 256 * 1024;
/** A read has at least so much room. */
const leastRoom = 64 * 1024;

export class ReadRoom {
  #bytes: Uint8Array = new Uint8Array(roomSize);
  #used = 0;
  readonly #holders = new Set<Holder>();

  /** Where to read into. */
  take(): Uint8Array {
    if (this.#used === 0) return this.#bytes;
    for (const holder of this.#holders) if (!holder.holding) this.#holders.delete(holder);
    if (this.#holders.size === 0) this.#used = 0;
    else if (roomSize - this.#used < leastRoom) {
      this.#bytes = new Uint8Array(roomSize);
      this.#used = 0;
      this.#holders.clear();
    }
    return this.#used === 0 ? this.#bytes : this.#bytes.subarray(this.#used);
  }

  /** `count` bytes of what `take` gave were handed to somebody. */
  given(count: number, to: Holder): void {
    if (!to.holding) return;
    this.#holders.add(to);
    this.#used += (count + 7) & ~7;
  }
}
