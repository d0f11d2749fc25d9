/** What a job's ranks on one host share: a directory for their bus, and in it the page on which they say what they do. */

import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JobPage } from '../../mpi/job-page.ts';
import { busesOf, pageName } from '../../mpi/placement.ts';

export class JobDirectory {
  readonly path: string;
  readonly page: JobPage;

  private constructor(path: string, size: number) {
    this.path = path;
    this.page = JobPage.create(join(path, pageName), size);
  }

  /** Makes one, and removes what jobs left whose launcher was killed. `size`: ranks in the whole job. */
  static create(size: number): JobDirectory {
    const parent = busesOf(process.geteuid?.() ?? 0);
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    sweep(parent);
    const path = join(parent, `mpi-${process.pid}`);
    mkdirSync(path, { mode: 0o700 });
    try {
      return new JobDirectory(path, size);
    } catch (error) {
      remove(path);
      throw error;
    }
  }

  close(): void {
    this.page.close();
    remove(this.path);
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
  try {
    rmdirSync(join(path, '..'));
  } catch {
    // other buses are there
  }
}

function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(/^mpi-(\d+)$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
