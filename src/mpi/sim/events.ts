/** What is to happen, by virtual time; at the same time in the order of its making. */

import { Heap } from '../route/heap.ts';

export class Events {
  readonly #heap = new Heap();
  readonly #actions = new Map<number, () => void>();
  readonly #next = { first: 0, second: 0, node: 0 };
  #count = 0;
  #now = 0;

  /** µs. */
  get now(): number {
    return this.#now;
  }

  at(time: number, action: () => void): void {
    const index = this.#count++;
    this.#actions.set(index, action);
    this.#heap.push(Math.max(time, this.#now), index, index);
  }

  /** Lets the next thing happen; false: there is nothing more. */
  step(): boolean {
    if (!this.#heap.pop(this.#next)) return false;
    this.#now = this.#next.first;
    const action = this.#actions.get(this.#next.node);
    this.#actions.delete(this.#next.node);
    action?.();
    return true;
  }
}
