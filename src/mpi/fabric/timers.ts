/** What is to be called later, in a binary heap by when. Whoever polls fires them. */

interface Timer {
  readonly due: number;
  readonly then: () => void;
}

export class Timers {
  readonly #heap: Timer[] = [];

  /** When the first is due, in the clock's milliseconds; infinity for never. */
  get due(): number {
    return this.#heap[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  at(due: number, then: () => void): void {
    const heap = this.#heap;
    const timer = { due, then };
    let place = heap.length;
    heap.push(timer);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above] as Timer;
      if (other.due <= due) break;
      heap[place] = other;
      place = above;
    }
    heap[place] = timer;
  }

  /** Calls all that are due; what they add waits for the next time. Returns how many. */
  fire(now: number): number {
    if (this.due > now) return 0;
    const due: Timer[] = [];
    while (this.due <= now) due.push(this.#shift());
    for (const { then } of due) then();
    return due.length;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #shift(): Timer {
    const heap = this.#heap;
    const first = heap[0] as Timer;
    const last = heap.pop() as Timer;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as Timer).due < (heap[below] as Timer).due) below++;
      if ((heap[below] as Timer).due >= last.due) break;
      heap[place] = heap[below] as Timer;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
