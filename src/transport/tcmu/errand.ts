/** Steps in configfs done by a thread of their own, so that we can answer the commands that they wait for. */

import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { makeEventFd } from '../../sys/files.ts';
import type { Step } from './configfs.ts';

/** Words of the memory shared with the thread; the text of an error follows. */
export const ErrandWord = { state: 0, cancelled: 1, textLength: 2 } as const;
export const textAt = 12;
export const textRoom = 1000;
export const ErrandState = { running: 0, done: 1, failed: 2 } as const;

/** What the thread is given. */
export interface ErrandData {
  readonly steps: readonly Step[];
  readonly shared: SharedArrayBuffer;
  /** Written to at the end. */
  readonly bell: number;
}

export class Errand {
  /** Readable once it has ended. */
  readonly bell: number = makeEventFd();
  readonly #shared = new SharedArrayBuffer(textAt + textRoom);
  readonly #words = new Int32Array(this.#shared, 0, textAt / 4);
  #worker: Worker | undefined;

  start(steps: readonly Step[]): void {
    const workerData: ErrandData = { steps, shared: this.#shared, bell: this.bell };
    this.#worker = new Worker(new URL('./errand-worker.js', import.meta.url), {
      workerData,
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 16 },
    });
    this.#worker.unref();
    this.#worker.on('error', () => undefined); // it tells us itself, through the shared memory
  }

  get ended(): boolean {
    return Atomics.load(this.#words, ErrandWord.state) !== ErrandState.running;
  }

  /** What went wrong, if it has ended so. */
  get failure(): string | undefined {
    if (Atomics.load(this.#words, ErrandWord.state) !== ErrandState.failed) return undefined;
    const length = Atomics.load(this.#words, ErrandWord.textLength);
    return Buffer.from(new Uint8Array(this.#shared, textAt, length)).toString('utf8');
  }

  /** Blocks until it has ended, or the time is over. */
  wait(limitMs: number): void {
    Atomics.wait(this.#words, ErrandWord.state, ErrandState.running, limitMs);
  }

  /** Leaves out the steps that have not begun, and waits for the one that has; false: it still has not ended. */
  cancel(limitMs: number): boolean {
    Atomics.store(this.#words, ErrandWord.cancelled, 1);
    if (this.#worker) this.wait(limitMs);
    return this.#worker === undefined || this.ended;
  }

  close(): void {
    closeSync(this.bell);
  }
}
