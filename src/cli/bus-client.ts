/** A short-lived initiator: a port on a bus that is polled while somebody waits for an answer. */

import { setImmediate } from 'node:timers/promises';
import { execute, type Outcome, type Port, type Request, TransportError } from '../transport/transport.ts';

/** Longest sleep in one go, so that signals and timers get their turn. */
const napMs = 5;

export class BusClient implements Disposable {
  readonly port: Port;
  #waiters = 0;
  #pumping = false;

  constructor(port: Port) {
    this.port = port;
  }

  /** Polls until the condition holds; false: it did not within the limit. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const end = performance.now() + limitMs;
    while (!condition()) {
      if (performance.now() >= end) return false;
      await this.#turn();
    }
    return true;
  }

  /** Sends a command and waits for what the device says. @throws TransportError when it says nothing in time */
  async send(target: number, request: Request, limitMs: number): Promise<Outcome> {
    const nexus = this.port.targets.get(target);
    if (!nexus) throw new TransportError('selection-timeout', `no target with ID ${target}`);
    const giveUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    // Not left to the signal alone: a target that hangs may not even answer an abort.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new TransportError('aborted', `no answer from ID ${target} within ${limitMs / 1000} s`));
        giveUp.abort();
      }, limitMs);
    });
    this.#waiters++;
    this.#pump();
    try {
      return await Promise.race([execute(nexus, request, giveUp.signal), late]);
    } finally {
      clearTimeout(timer);
      this.#waiters--;
    }
  }

  /** Polls once, sleeps a little if there was nothing, and lets everything else run. */
  async #turn(): Promise<void> {
    if (this.port.poll() === 0) this.port.wait(napMs);
    await setImmediate();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    const run = async () => {
      await setImmediate(); // commands that are sent together go out together
      while (this.#waiters > 0) await this.#turn();
      this.#pumping = false;
    };
    void run();
  }

  [Symbol.dispose](): void {
    this.port[Symbol.dispose]();
  }
}
