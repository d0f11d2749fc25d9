/** Whom we measure: ourselves, and the MPIs that Debian has, each by its own launcher. */

import { fileURLToPath } from 'node:url';
import type { Contender } from '../figure.ts';
import { type CommandLine, compile, type Measurement, measuring } from './job.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Where our messages lie: in ordinary arrays, or in memory of mpi.alloc(). */
type Memory = 'heap' | 'alloc';

/** Our own job, by `ipscsi mpirun` with such options. */
export const ours =
  (memory: Memory, options: readonly string[] = []): CommandLine =>
  (ranks, args) => [
    process.execPath,
    path('../../src/cli/main.js'),
    ...['mpirun', '-n', String(ranks), ...options, process.execPath, path('rank.js')],
    ...args,
    memory,
  ];

/** Another MPI's job, of the program in C. @throws Skip where it is not installed */
export function peer(compiler: string, launcher: readonly string[]): CommandLine {
  const program = compile(compiler, 'mpi.c');
  return (ranks, args) => [...launcher, '-n', String(ranks), program, ...args];
}

/** Open MPI's launcher. */
export const openMpi = ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe'];

/** Names as they stand over the columns. */
export const names = {
  ours: 'ipscsi',
  alloc: 'ipscsi alloc',
  openMpi: 'Open MPI',
  tcp: 'Open MPI TCP',
  mpich: 'MPICH',
} as const;

const lines: Readonly<Record<string, () => CommandLine>> = {
  [names.ours]: () => ours('heap'),
  [names.alloc]: () => ours('alloc'),
  [names.openMpi]: () => peer('mpicc.openmpi', [...openMpi, '--mca', 'btl', 'vader,self']),
  [names.tcp]: () => peer('mpicc.openmpi', [...openMpi, '--mca', 'btl', 'tcp,self']),
  [names.mpich]: () => peer('mpicc.mpich', ['mpiexec.hydra']),
};

/** All contenders, for these measurements. */
export const contendersFor = (measurements: readonly Measurement[]): readonly Contender[] =>
  Object.entries(lines).map(([name, line]) => ({
    name,
    open: async (plan) => measuring(line(), measurements, plan),
  }));
