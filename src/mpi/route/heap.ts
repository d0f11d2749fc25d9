/** A binary heap of nodes by a pair of keys; an entry that was bettered stays and is known as stale by its keys. */

export class Heap {
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  readonly #node: number[] = [];

  get size(): number {
    return this.#node.length;
  }

  push(first: number, second: number, node: number): void {
    let at = this.size;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#less(first, second, above)) break;
      this.#move(above, at);
      at = above;
    }
    this.#set(at, first, second, node);
  }

  /** Removes the least into `out`: keys and node; false: empty. */
  pop(out: { first: number; second: number; node: number }): boolean {
    const last = this.size - 1;
    if (last < 0) return false;
    out.first = this.#first[0] ?? 0;
    out.second = this.#second[0] ?? 0;
    out.node = this.#node[0] ?? 0;
    const [first = 0, second = 0, node = 0] = [this.#first.pop(), this.#second.pop(), this.#node.pop()];
    if (last > 0) this.#sink(first, second, node, last);
    return true;
  }

  #sink(first: number, second: number, node: number, size: number): void {
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) break;
      if (below + 1 < size && this.#less(this.#first[below + 1] ?? 0, this.#second[below + 1] ?? 0, below))
        below++;
      if (this.#less(first, second, below)) break;
      this.#move(below, at);
      at = below;
    }
    this.#set(at, first, second, node);
  }

  #less(first: number, second: number, than: number): boolean {
    const other = this.#first[than] ?? 0;
    return first < other || (first === other && second < (this.#second[than] ?? 0));
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#first[from] ?? 0, this.#second[from] ?? 0, this.#node[from] ?? 0);
  }

  #set(at: number, first: number, second: number, node: number): void {
    this.#first[at] = first;
    this.#second[at] = second;
    this.#node[at] = node;
  }
}
