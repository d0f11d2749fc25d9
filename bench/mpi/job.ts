/** One job of an MPI, ours or another's: how it is started, and what its timings say. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../environment.ts';
import { type Measurable, type Plan, Skip } from '../figure.ts';
import { summarize } from '../statistics.ts';

/** One job, and the metrics that come of it. */
export interface Measurement {
  /** What bench/mpi/rank.ts and bench/peers/mpi.c are asked for. */
  readonly kind: string;
  readonly ranks: number;
  readonly bytes: number;
  /** Messages, windows or calls in one timing. */
  readonly count: number;
  /** How many; 21 unless told. Their median counts. */
  readonly timings?: number;
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    /** Its value, of the seconds of one timing. */
    readonly of: (seconds: number) => number;
  }[];
}

/** The command line of a measurement on so many ranks. */
export type CommandLine = (ranks: number, args: readonly string[]) => readonly string[];

const timings = { full: 21, smoke: 3 } as const;
/** Seconds that a job may take; and then, until it is killed. */
const limit = 120;
const insistence = 5;

const programs = new Map<string, string | undefined>();

/** A program in C of bench/peers, compiled once. @throws Skip where that compiler is not installed */
export function compile(compiler: string, source: string): string {
  const key = `${compiler} ${source}`;
  if (!programs.has(key)) {
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const program = join(directory, compiler);
    const { status } = spawnSync(compiler, [
      '-O2',
      '-o',
      program,
      join(packageRoot(), 'bench/peers', source),
    ]);
    programs.set(key, status === 0 ? program : undefined);
  }
  const program = programs.get(key);
  if (program === undefined) throw new Skip(`${compiler} is not installed, or can't compile`);
  return program;
}

/** Why a job failed, of all that it said: the lines that name an error, else the last ones. */
export function complaint(said: string): string {
  const lines = said.trim().split('\n');
  const errors = lines.filter((line) => /^\S*error\S*: /i.test(line));
  return (errors.length > 0 ? errors.slice(0, 2) : lines.slice(-3)).join(' ').slice(0, 400);
}

/** Runs a command line; gives what it printed, and the seconds until it began to. */
async function run(line: readonly string[], { stop }: Plan): Promise<{ out: string; first: number }> {
  const [file = '', ...args] = line;
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
  const timers = [
    setTimeout(() => {
      err += `error: it took more than ${limit} s\n`;
      child.kill();
    }, limit * 1000),
    setTimeout(() => child.kill('SIGKILL'), (limit + insistence) * 1000),
  ];
  try {
    const [status, signal] = await once(child, 'close');
    if (status !== 0) throw new Error(`${file} ended with ${status ?? signal}: ${complaint(err)}`);
    return { out, first };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Milliseconds before it counts: ours is compiled while it runs. A start is to be seen as it is. */
const warmOf = ({ kind }: Measurement, { smoke }: Plan) => (kind === 'start' ? 0 : smoke ? 100 : 1500);

/** Seconds of one timing. */
async function measure(line: CommandLine, one: Measurement, plan: Plan): Promise<number> {
  const { kind, ranks, bytes, count } = one;
  const rounds = kind === 'start' ? 1 : plan.smoke ? timings.smoke : (one.timings ?? timings.full);
  const args = [
    kind === 'start' ? 'barrier' : kind,
    ...[bytes, count, rounds, warmOf(one, plan)].map(String),
  ];
  const { out, first } = await run(line(ranks, args), plan);
  if (kind === 'start') return first;
  const seconds = out.trim().split('\n').map(Number);
  if (seconds.length !== rounds || !seconds.every((each) => each > 0))
    throw new Error(`${rounds} timings were expected: ${out.trim().slice(0, 200)}`);
  return summarize(seconds).median;
}

/** A job for each measurement, in order; only the first where it is only to be seen whether it works. */
export const measuring = (
  line: CommandLine,
  measurements: readonly Measurement[],
  plan: Plan,
  own?: AsyncDisposable,
): Measurable => ({
  measure: async () => {
    const values: Record<string, number> = {};
    for (const one of plan.smoke ? measurements.slice(0, 1) : measurements) {
      const seconds = await measure(line, one, plan);
      for (const { name, of } of one.metrics) values[name] = of(seconds);
    }
    return values;
  },
  [Symbol.asyncDispose]: async () => own?.[Symbol.asyncDispose](),
});
