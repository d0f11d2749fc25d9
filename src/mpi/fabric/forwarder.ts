/** A node that only passes chunks on. A thread drives it: `run()` over and over until it is to end, which it says by `dispose`. */

import { type FabricHost, FabricNode, type FabricOptions } from './node.ts';

export class Forwarder implements Disposable {
  readonly node: FabricNode;
  readonly #ranks: number;
  /** Nodes that have left, and those without a way. */
  readonly #departed = new Set<number>();
  readonly #stranded = new Set<number>();

  /** Nodes 0 to `ranks` - 1 are ranks. */
  constructor(options: FabricOptions, ranks = 0) {
    this.#ranks = ranks;
    this.node = new FabricNode(options, this.#host());
  }

  /** Nobody here has messages. */
  #host(): FabricHost {
    return {
      judge: () => 'false',
      delivered: () => true,
      lives: (node) => void this.#departed.delete(node),
      departed: (node) => void this.#departed.add(node),
      unreachable: (node, since) => {
        if (since === undefined) this.#stranded.delete(node);
        else this.#stranded.add(node);
      },
      epochOf: () => 0,
    };
  }

  /** No rank is left whose messages could lead through here. */
  get alone(): boolean {
    for (let rank = 0; rank < this.#ranks; rank++)
      if (!this.#departed.has(rank) && !this.#stranded.has(rank)) return false;
    return true;
  }

  /** Does what is due; returns how much. */
  poll(): number {
    return this.node.poll();
  }

  /** Sleeps until there is something to do, or the time is over; false for the latter. */
  wait(timeoutMs: number): boolean {
    return this.node.wait(timeoutMs);
  }

  /**
   * Passes on what comes, then sleeps for `timeoutMs` at most: a turn after which its driver may look whether it is to go on.
   * `spins`: rounds without work before it sleeps.
   */
  run(timeoutMs: number, spins = 0): void {
    for (let idle = 0; idle <= spins; ) idle = this.poll() > 0 ? 0 : idle + 1;
    this.wait(timeoutMs);
  }

  [Symbol.dispose](): void {
    this.node[Symbol.dispose]();
  }
}
