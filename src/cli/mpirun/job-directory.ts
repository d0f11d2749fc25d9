/** What a job's ranks on one host share: a directory for their bus, and in it the page on which they say what they do. */

import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { JobPage } from '../../mpi/job-page.ts';
import { busesOf, pageName } from '../../mpi/placement.ts';
import { openDirectory } from '../../transport/shm/claim.ts';

export class JobDirectory {
  readonly path: string;
  readonly page: JobPage;

  private constructor(path: string, size: number) {
    this.path = path;
    this.page = JobPage.create(join(path, pageName), size);
  }

  /**
   * Makes one, and removes what jobs left whose launcher was killed. `size`: ranks in the whole job.
   * @throws BusError when the directory of our buses is another user's
   */
  static create(size: number): JobDirectory {
    const parent = busesOf(process.geteuid?.() ?? 0);
    const path = join(parent, `mpi-${process.pid}`);
    openDirectory(path); // nothing is removed from a place that is not ours
    try {
      sweep(parent);
      for (const left of readdirSync(path)) rmSync(join(path, left), { recursive: true, force: true });
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
