/**
 * The process manager of a job on one machine whose launcher speaks no PMI: what ranks put is in files of the job's
 * directory, a file for each rank and fence. Ranks that wait look again and again, less and less often.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MpiError } from '../mpi/errors.ts';
import type { ProcessManager } from '../mpi/pmi/process-manager.ts';
import { realClock } from '../time/clock.ts';

/** Milliseconds between looks. */
const firstPause = 1;
const mostPause = 20;
const patienceMs = 60_000;

export interface FileManagerOptions {
  /** The job's own, where nobody else writes. */
  readonly directory: string;
  readonly rank: number;
  readonly size: number;
}

export class FileManager implements ProcessManager {
  readonly rank: number;
  readonly size: number;
  readonly job: string;
  readonly #directory: string;
  readonly #values = new Map<string, string>();
  #own: Record<string, string> = {};
  #fences = 0;

  constructor({ directory, rank, size }: FileManagerOptions) {
    this.rank = rank;
    this.size = size;
    this.job = directory;
    this.#directory = join(directory, 'exchange');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  put(key: string, value: string): void {
    this.#own[key] = value;
  }

  fence(): void {
    const fence = this.#fences++;
    const path = join(this.#directory, `${fence}-${this.rank}`);
    writeFileSync(`${path}.new`, JSON.stringify(this.#own));
    renameSync(`${path}.new`, path);
    this.#own = {};
    const missing = new Set(Array.from({ length: this.size }, (_, rank) => `${fence}-${rank}`));
    const deadline = realClock.now() + patienceMs;
    for (let pause = firstPause; ; pause = Math.min(mostPause, 2 * pause)) {
      for (const name of readdirSync(this.#directory)) if (missing.delete(name)) this.#read(name);
      if (missing.size === 0) return;
      if (realClock.now() > deadline) throw new MpiError('ERR_OTHER', absent(this.rank, missing));
      sleep(pause);
    }
  }

  #read(name: string): void {
    const values = JSON.parse(readFileSync(join(this.#directory, name), 'utf8')) as Record<string, string>;
    for (const [key, value] of Object.entries(values)) this.#values.set(key, value);
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  finalize(): void {
    // the launcher sees the process end
  }

  abort(): void {
    // the launcher ends the job when the process ends
  }
}

const absent = (rank: number, missing: ReadonlySet<string>) =>
  `rank ${rank}: rank ${[...missing].map((name) => name.replace(/^.*-/, '')).join(', ')} did not come`;

/** Blocks the thread. */
const sleep = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
