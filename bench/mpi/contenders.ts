/** Whom we measure: ourselves, and the MPIs that Debian has, each by its own launcher. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../environment.ts';

export interface Contender {
  readonly name: string;
  /** The command line that runs a measurement on so many ranks. */
  readonly command: (ranks: number, args: readonly string[]) => readonly string[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const ours = (name: string, memory: string): Contender => ({
  name,
  command: (ranks, args) => [
    process.execPath,
    path('../../src/cli/main.js'),
    ...['mpirun', '-n', String(ranks), process.execPath, path('rank.js')],
    ...args,
    memory,
  ],
});

/** Compiles the peer; undefined where that MPI is not installed. */
function compile(compiler: string, directory: string): string | undefined {
  const program = join(directory, compiler);
  const source = join(packageRoot(), 'bench/peers/mpi.c');
  if (spawnSync(compiler, ['-O2', '-o', program, source]).status === 0) return program;
  return undefined;
}

/** All that can be run here. */
export function findContenders(): Contender[] {
  const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
  const list = [ours('ipscsi', 'heap'), ours('ipscsi, mpi.alloc()', 'alloc')];
  const open = compile('mpicc.openmpi', directory);
  const openRun = ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe'];
  const add = (name: string, program: string | undefined, start: readonly string[]) => {
    if (program === undefined) return;
    list.push({ name, command: (ranks, args) => [...start, '-n', String(ranks), program, ...args] });
  };
  add('Open MPI, shared memory', open, [...openRun, '--mca', 'btl', 'vader,self']);
  add('Open MPI, TCP', open, [...openRun, '--mca', 'btl', 'tcp,self']);
  add('MPICH', compile('mpicc.mpich', directory), ['mpiexec.hydra']);
  return list;
}
