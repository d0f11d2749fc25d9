/** Whom we measure: ourselves, and the MPIs that Debian has, each by its own launcher. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../environment.ts';
import { type Contender, type Plan, Skip, type Values } from '../figure.ts';
import { summarize } from '../statistics.ts';

/** One job, and the metrics that come of it. */
export interface Measurement {
  /** What bench/mpi/rank.ts and bench/peers/mpi.c are asked for. */
  readonly kind: string;
  readonly ranks: number;
  readonly bytes: number;
  /** Messages, windows or calls in one timing. */
  readonly count: number;
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    /** Its value, of the seconds of one timing. */
    readonly of: (seconds: number) => number;
  }[];
}

/** Runs a measurement's command line on so many ranks. */
type CommandLine = (ranks: number, args: readonly string[]) => readonly string[];

/** Timings within a run: their median counts. */
const timings = { full: 21, smoke: 3 } as const;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const ours =
  (memory: string): CommandLine =>
  (ranks, args) => [
    process.execPath,
    path('../../src/cli/main.js'),
    ...['mpirun', '-n', String(ranks), process.execPath, path('rank.js')],
    ...args,
    memory,
  ];

const compiled = new Map<string, string | undefined>();

/** The peer's program, compiled once. @throws Skip where that MPI is not installed */
function compile(compiler: string): string {
  if (!compiled.has(compiler)) {
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, compiler);
    const source = join(packageRoot(), 'bench/peers/mpi.c');
    const { status } = spawnSync(compiler, ['-O2', '-o', program, source]);
    compiled.set(compiler, status === 0 ? program : undefined);
  }
  const program = compiled.get(compiler);
  if (program === undefined) throw new Skip(`${compiler} is not installed, or can't compile`);
  return program;
}

const peer = (compiler: string, launcher: readonly string[]) => (): CommandLine => {
  const program = compile(compiler);
  return (ranks, args) => [...launcher, '-n', String(ranks), program, ...args];
};

const openMpi = ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--mca', 'btl'];

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
  [names.openMpi]: peer('mpicc.openmpi', [...openMpi, 'vader,self']),
  [names.tcp]: peer('mpicc.openmpi', [...openMpi, 'tcp,self']),
  [names.mpich]: peer('mpicc.mpich', ['mpiexec.hydra']),
};

/** Runs a command line; gives what it printed, and the seconds until it began to. */
function run(line: readonly string[], { stop }: Plan): Promise<{ out: string; first: number }> {
  const [file = '', ...args] = line;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let [out, err, first] = ['', '', Number.NaN];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: stop });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (out === '') first = (performance.now() - start) / 1000;
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('error', reject);
    child.once('close', (status) => {
      if (status === 0) resolve({ out, first });
      else reject(new Error(`${file} ended with ${status}: ${err.trim().split('\n').slice(-3).join(' ')}`));
    });
  });
}

/** Milliseconds before it counts: ours is compiled while it runs. A start is to be seen as it is. */
const warmOf = ({ kind }: Measurement, { smoke }: Plan) => (kind === 'start' ? 0 : smoke ? 100 : 1500);

/** Seconds of one timing. */
async function measure(line: CommandLine, one: Measurement, plan: Plan): Promise<number> {
  const { kind, ranks, bytes, count } = one;
  const rounds = kind === 'start' ? 1 : plan.smoke ? timings.smoke : timings.full;
  const args = [
    kind === 'start' ? 'barrier' : kind,
    ...[bytes, count, rounds, warmOf(one, plan)].map(String),
  ];
  const { out, first } = await run(line(ranks, args), plan);
  if (kind === 'start') return first;
  return summarize(out.trim().split('\n').map(Number)).median;
}

/** All contenders, for these measurements; for the first alone where it is only to be seen whether it works. */
export const contendersFor = (measurements: readonly Measurement[]): readonly Contender[] =>
  Object.entries(lines).map(([name, open]) => ({
    name,
    open: async (plan) => {
      const line = open();
      return {
        measure: async () => {
          const values: Record<string, number> = {};
          for (const one of plan.smoke ? measurements.slice(0, 1) : measurements) {
            const seconds = await measure(line, one, plan);
            for (const { name: metric, of } of one.metrics) values[metric] = of(seconds);
          }
          return values satisfies Values;
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  }));
