/**
 * A forwarder: a thread with ports of its own, so that messages of others are passed on while the rank whose process it lives
 * in computes. Rank and thread talk by a word of shared memory and a message port, and block for each other: neither
 * needs an event loop.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { MpiError } from '../mpi/errors.ts';
import type { Host } from './hosts.ts';
import type { Layout } from './layout.ts';
import type { Doors } from './rails.ts';

/** How far the thread is; each step is told by whoever takes it. */
export const Stage = { starting: 0, listening: 1, running: 2, lingering: 3, ending: 4, ended: 5 } as const;

/** What the thread is given. */
export interface ForwarderData {
  readonly layout: Layout;
  readonly hosts: readonly Host[];
  readonly node: number;
  readonly directory: string;
  readonly secret: string;
  readonly patienceMs: number;
  readonly stage: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What it says when it listens, or can't. */
export type ForwarderAnswer = { readonly doors: Doors } | { readonly failed: string };

const startMs = 30_000;
const endMs = 1000;
/** For other ranks to leave. */
const lingerMs = 5000;

export class ForwarderThread implements Disposable {
  readonly node: number;
  readonly doors: Doors;
  readonly #stage = new Int32Array(new SharedArrayBuffer(4));
  readonly #port: MessagePort;
  readonly #worker: Worker;

  /** Starts it, and waits until it listens. @throws MpiError */
  constructor(options: Omit<ForwarderData, 'stage' | 'port'>) {
    const { port1, port2 } = new MessageChannel();
    this.node = options.node;
    this.#port = port1;
    port1.unref();
    const stage = this.#stage.buffer as SharedArrayBuffer;
    const workerData: ForwarderData = { ...options, stage, port: port2 };
    this.#worker = new Worker(new URL('./forwarder-thread.js', import.meta.url), {
      workerData,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
      trackUnmanagedFds: false, // descriptors made by system call are closed like any other
    });
    this.#worker.unref();
    Atomics.wait(this.#stage, 0, Stage.starting, startMs);
    const answer = receiveMessageOnPort(port1)?.message as ForwarderAnswer | undefined;
    if (answer === undefined || 'failed' in answer) {
      this[Symbol.dispose]();
      const why = answer?.failed ?? `it did not listen within ${startMs / 1000} s`;
      throw new MpiError('ERR_OTHER', `forwarder ${options.layout.names[options.node]}: ${why}`);
    }
    this.doors = answer.doors;
  }

  /** Tells it where the others are: by node. */
  reach(doors: readonly (Doors | undefined)[]): void {
    this.#port.postMessage(doors);
    this.#step(Stage.running);
  }

  #step(stage: number): void {
    Atomics.store(this.#stage, 0, stage);
    Atomics.notify(this.#stage, 0);
  }

  /** It is to pass on what comes until all ranks have left. */
  linger(): void {
    if (Atomics.load(this.#stage, 0) === Stage.running) this.#step(Stage.lingering);
  }

  /** Ends it, in order if it can. */
  [Symbol.dispose](): void {
    if (Atomics.load(this.#stage, 0) === Stage.lingering)
      Atomics.wait(this.#stage, 0, Stage.lingering, lingerMs);
    if (Atomics.load(this.#stage, 0) !== Stage.ended) {
      this.#step(Stage.ending);
      Atomics.wait(this.#stage, 0, Stage.ending, endMs);
    }
    this.#port.close();
    this.#worker.terminate().catch(() => undefined);
  }
}
