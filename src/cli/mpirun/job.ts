/** A job: its bus, its ranks, and its end. Whatever happens, no process and no file of it stays behind. */

import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { JobPage } from '../../mpi/job-page.ts';
import { busesOf, environment, pageName } from '../../mpi/placement.ts';
import { type End, RankProcess } from './rank-process.ts';
import { describeCall, explain, type Seen } from './report.ts';
import { Watchdog } from './watchdog.ts';

export interface JobOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly size: number;
  /** NAME or NAME=VALUE. */
  readonly variables: readonly string[];
  readonly directory: string | undefined;
  readonly tagged: boolean;
  readonly timeoutMs: number;
  readonly watchdogMs: number;
  readonly bind: boolean;
  readonly memory: number | undefined;
}

/** Between SIGTERM and SIGKILL. */
const graceMs = 2000;
const lookMs = 250;
/** For the news of another rank's end. */
const courtesyMs = 2000;
const timedOut = 124;

const say = (line: string) => void process.stderr.write(`ipscsi: ${line}\n`);

class Job {
  readonly #options: JobOptions;
  readonly #bus: string;
  readonly #page: JobPage;
  readonly #ranks: RankProcess[];
  /** The job's exit status, once it is settled. */
  #status: number | undefined;
  #killer: NodeJS.Timeout | undefined;

  constructor(options: JobOptions, bus: string) {
    this.#options = options;
    this.#bus = bus;
    this.#page = JobPage.create(join(bus, pageName), options.size);
    this.#ranks = Array.from({ length: options.size }, (_, rank) => this.#start(rank));
  }

  #start(rank: number): RankProcess {
    const { program, args, size, directory, tagged, bind, memory } = this.#options;
    const env = {
      ...process.env,
      ...variables(this.#options.variables),
      [environment.rank]: String(rank),
      [environment.size]: String(size),
      [environment.directory]: this.#bus,
      ...(memory !== undefined && { [environment.memory]: String(memory) }),
    };
    const core = bind ? rank % availableParallelism() : undefined;
    return new RankProcess({ rank, program, args, env, directory, core, tagged });
  }

  #seen(): Seen[] {
    return this.#page
      .readAll()
      .map((sighting, rank) => ({ ...sighting, rank }))
      .filter(({ rank, finalized }) => finalized || this.#ranks[rank]?.running);
  }

  explain(heading: string): void {
    for (const line of explain(this.#seen(), heading)) say(line);
  }

  /** Ends all ranks; the first reason gives the status. */
  end(status: number, why: string): void {
    if (this.#status !== undefined) return;
    this.#status = status;
    if (why !== '') say(why);
    this.#kill('SIGTERM');
    this.#killer = setTimeout(() => this.#kill('SIGKILL'), graceMs);
  }

  #kill(signal: NodeJS.Signals): void {
    for (const rank of this.#ranks) rank.kill(signal);
  }

  async #ended({ rank, code, how }: End): Promise<void> {
    const sighting = this.#page.read(rank);
    if (code === 0 && (sighting.finalized || sighting.calls === 0)) return;
    const without = code === 0 ? ' without mpi.finalize()' : '';
    const last =
      sighting.calls > 0 ? `; its last call: ${describeCall({ ...sighting, blocked: false })}` : '';
    // It failed because another went, whose end tells more: that one has its turn first.
    const other = this.#ranks[sighting.lost];
    if (other?.running) await Promise.race([other.ended.then((end) => this.#ended(end)), pause(courtesyMs)]);
    this.end(code === 0 ? 1 : code, `rank ${rank} ended with ${how}${without}${last}; the job ends`);
  }

  async run(): Promise<number> {
    const { watchdogMs, timeoutMs } = this.#options;
    const watchdog = new Watchdog(watchdogMs);
    const look = setInterval(() => {
      if (watchdogMs > 0 && watchdog.look(this.#seen(), performance.now()))
        this.explain(`no rank has moved for ${watchdogMs / 1000} s:`);
    }, lookMs);
    const limit =
      timeoutMs > 0
        ? setTimeout(() => {
            this.explain(`the job's ${timeoutMs / 1000} s are over:`);
            this.end(timedOut, 'the job ends');
          }, timeoutMs)
        : undefined;
    await Promise.all(this.#ranks.map((rank) => rank.ended.then((end) => this.#ended(end))));
    clearInterval(look);
    clearTimeout(limit);
    clearTimeout(this.#killer);
    return this.#status ?? 0;
  }

  close(): void {
    this.#page.close();
    rmSync(this.#bus, { recursive: true, force: true });
  }
}

function variables(list: readonly string[]): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const one of list) {
    const at = one.indexOf('=');
    if (at > 0) env[one.slice(0, at)] = one.slice(at + 1);
  }
  return env;
}

/** Removes what jobs left whose launcher was killed. */
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

/** Runs a job, and gives its exit status. */
export async function runJob(options: JobOptions): Promise<number> {
  const parent = busesOf(process.geteuid?.() ?? 0);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  sweep(parent);
  const bus = join(parent, `mpi-${process.pid}`);
  mkdirSync(bus, { mode: 0o700 });
  const job = new Job(options, bus);
  const stop = (signal: NodeJS.Signals) =>
    job.end(128 + (signal === 'SIGINT' ? 2 : signal === 'SIGHUP' ? 1 : 15), `${signal}: the job ends`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.on('SIGQUIT', () => job.explain('what each rank does:'));
  try {
    return await job.run();
  } finally {
    job.close();
    try {
      rmdirSync(parent);
    } catch {
      // other buses are there
    }
  }
}
