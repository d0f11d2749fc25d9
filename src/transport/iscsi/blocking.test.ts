import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Job, Report } from './blocking-worker.ts';

const file = new URL('./blocking-worker.js', import.meta.url);

/** What a port reports, and how it is ended. */
interface Running extends AsyncDisposable {
  next(key: string): Promise<number>;
}

/** Reports in the order in which they came. */
class Reports {
  readonly #came: Report[] = [];
  #wake: () => void = () => undefined;

  add(report: Report): void {
    this.#came.push(report);
    this.#wake();
  }

  /** The next report of a kind; those before it are dropped. */
  async next(key: string): Promise<number> {
    for (;;) {
      const first = this.#came.shift();
      const value = first && Object.entries(first).find(([name]) => name === key)?.[1];
      if (value !== undefined) return value;
      if (first) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** In a thread, which is asked to stop. */
function inThread(job: Job): Running {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const reports = new Reports();
  const worker = new Worker(file, { workerData: { ...job, stop }, trackUnmanagedFds: false });
  const exit = once(worker, 'exit');
  worker.on('message', (report: Report) => reports.add(report));
  return {
    next: (key) => reports.next(key),
    [Symbol.asyncDispose]: async () => {
      Atomics.store(stop, 0, 1);
      await exit;
    },
  };
}

/** In a process, which is killed. */
function inProcess(job: Job): Running {
  const reports = new Reports();
  const child = spawn(process.execPath, [fileURLToPath(file), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  createInterface({ input: child.stdout }).on('line', (line) => reports.add(JSON.parse(line) as Report));
  return {
    next: (key) => reports.next(key),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      assert.equal((await exit)[1], 'SIGKILL');
    },
  };
}

describe('ports that block and never turn an event loop', { timeout: 60_000 }, () => {
  for (const [what, start] of [
    ['a thread that ends', inThread],
    ['a process that is killed', inProcess],
  ] as const)
    it(`meet, talk, lose each other and meet again: ${what}`, async () => {
      const target = { id: 2, listen: 0 };
      await using serving = start(target);
      const tcp = await serving.next('listening');
      await using asking = inThread({ id: 1, listen: 0, peer: { id: 2, tcp } });
      for (let i = 0; i < 3; i++) await asking.next('ended');
      await serving[Symbol.asyncDispose]();
      await using _successor = start({ ...target, listen: tcp });
      assert.equal(await asking.next('met'), 2);
      for (let i = 0; i < 3; i++) await asking.next('ended');
    });
});
