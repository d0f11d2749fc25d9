/** Runs `ipscsi mpirun` on a program of ours, and sees what comes of it. */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Directories of MPI jobs that were left behind by it. */
  readonly left: readonly string[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const parent = `/dev/shm/ipscsi.${process.geteuid?.() ?? 0}`;

export const program = (name: string): string => path(`programs/${name}.js`);
export const example = (name: string): string => path(`../../examples/mpi/${name}.js`);

function jobsLeft(pid: number | undefined): string[] {
  try {
    return readdirSync(parent).filter((name) => name === `mpi-${pid}`);
  } catch {
    return [];
  }
}

/** Runs a command line to its end. `during` may do something to it when it has started. */
export function run(
  file: string,
  args: readonly string[],
  during?: (pid: number, output: () => string) => void,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr, left: jobsLeft(child.pid) }));
    if (child.pid !== undefined) during?.(child.pid, () => stdout + stderr);
  });
}

/** Runs `ipscsi mpirun` with these arguments. */
export const mpirun = (
  args: readonly string[],
  during?: (pid: number, output: () => string) => void,
): Promise<Outcome> =>
  run(process.execPath, [path('../../src/cli/main.js'), 'mpirun', '--timeout', '60', ...args], during);
