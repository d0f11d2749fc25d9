/** A node that only passes chunks on. A thread drives it: `run()` over and over until it is to end, which it says by `dispose`. */

import { type FabricHost, FabricNode, type FabricOptions } from './node.ts';

/** Nobody here has messages. */
const nobody: FabricHost = {
  judge: () => 'false',
  delivered: () => true,
  lives: () => undefined,
  departed: () => undefined,
  unreachable: () => undefined,
  epochOf: () => 0,
};

export class Forwarder implements Disposable {
  readonly node: FabricNode;

  constructor(options: FabricOptions) {
    this.node = new FabricNode(options, nobody);
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
