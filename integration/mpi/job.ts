/** Runs `ipscsi mpirun` on a program of ours, and sees what comes of it. */

import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  /** The same as it came. */
  readonly bytes: Buffer;
  readonly stderr: string;
  /** Directories of MPI jobs that were left behind by it. */
  readonly left: readonly string[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const parent = `/dev/shm/ipscsi.${process.geteuid?.() ?? 0}`;

export const program = (name: string): string => path(`programs/${name}.js`);
export const example = (name: string): string => path(`../../examples/mpi/${name}.js`);
export const examples = [
  ...['cannon', 'conjugate-gradient', 'fft-2d', 'heat', 'image-filter', 'life', 'master-worker'],
  ...['pi', 'ping-pong', 'ring', 'sample-sort'],
] as const;

function jobsLeft(pid: number | undefined): string[] {
  try {
    return readdirSync(parent).filter((name) => name === `mpi-${pid}`);
  } catch {
    return [];
  }
}

/** Runs a command line to its end. `during` may do something to it when it has started; `input`: a file. */
export function run(
  file: string,
  args: readonly string[],
  during?: (pid: number, output: () => string) => void,
  input = '/dev/null',
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const stdin = openSync(input, 'r');
    const child = spawn(file, [...args], { stdio: [stdin, 'pipe', 'pipe'] });
    closeSync(stdin);
    const pieces: Buffer[] = [];
    const written = () => Buffer.concat(pieces).toString('utf8');
    let stderr = '';
    child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (status) => {
      const bytes = Buffer.concat(pieces);
      resolve({ status, stdout: bytes.toString('utf8'), bytes, stderr, left: jobsLeft(child.pid) });
    });
    if (child.pid !== undefined) during?.(child.pid, () => written() + stderr);
  });
}

/** What runs as `ipscsi`. */
export const commandLine: string = path('../../src/cli/main.js');

/** Runs `ipscsi mpirun` with these arguments. */
export const mpirun = (
  args: readonly string[],
  during?: (pid: number, output: () => string) => void,
  input?: string,
): Promise<Outcome> =>
  run(process.execPath, [commandLine, 'mpirun', '--timeout', '60', ...args], during, input);
