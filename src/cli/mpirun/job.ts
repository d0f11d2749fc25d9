/** A job: its bus, its ranks, and its end. Whatever happens, no process and no file of it stays behind. */

import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { JobPage } from '../../mpi/job-page.ts';
import { busesOf, environment, pageName } from '../../mpi/placement.ts';
import { allowedProcessors } from './binding.ts';
import { type Death, findCause } from './deaths.ts';
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
  /** A file for the trace, "-" for standard error. */
  readonly trace: string | undefined;
}

/** Between SIGTERM and SIGKILL. */
const graceMs = 2000;
const lookMs = 250;
/** For the end of a rank that another has lost, which tells more. */
const courtesyMs = 2000;
/** Signals that come together are one: a terminal's Ctrl-C may also be passed on by who started us. */
const togetherMs = 300;
const timedOut = 124;

const say = (line: string) => void process.stderr.write(`ipscsi: ${line}\n`);

/** A rank that ended as it should not, and what there is to say of it. */
interface Casualty extends Death {
  readonly status: number;
  readonly why: string;
}

class Job {
  readonly #options: JobOptions;
  readonly #bus: string;
  readonly #page: JobPage;
  readonly #ranks: RankProcess[];
  /** The job's exit status, once it is settled. */
  #status: number | undefined;
  #killer: NodeJS.Timeout | undefined;
  #courtesy: NodeJS.Timeout | undefined;
  readonly #casualties: Casualty[] = [];
  #toldToStop = 0;

  constructor(options: JobOptions, bus: string) {
    this.#options = options;
    this.#bus = bus;
    this.#page = JobPage.create(join(bus, pageName), options.size);
    this.#ranks = Array.from({ length: options.size }, (_, rank) => this.#start(rank));
  }

  #start(rank: number): RankProcess {
    const { program, args, size, directory, tagged, bind, memory, trace } = this.#options;
    const env = {
      ...process.env,
      ...variables(this.#options.variables),
      [environment.rank]: String(rank),
      [environment.size]: String(size),
      [environment.directory]: this.#bus,
      ...(memory !== undefined && { [environment.memory]: String(memory) }),
      ...(trace !== undefined && { [environment.trace]: trace }),
    };
    const processors = bind ? allowedProcessors() : [];
    const core = processors[rank % processors.length];
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

  /** A signal to us: the first ends the job in order, another at once. */
  stop(signal: NodeJS.Signals): void {
    const first = this.#toldToStop === 0;
    if (!first && performance.now() - this.#toldToStop < togetherMs) return;
    this.#toldToStop = performance.now();
    if (first) this.end(128 + constants.signals[signal], `${signal}: the job ends`);
    else this.#kill('SIGKILL');
  }

  #ended(end: End): void {
    const casualty = this.#casualty(end);
    if (casualty) this.#casualties.push(casualty);
    if (this.#casualties.length === 0 || this.#status !== undefined) return;
    const cause = findCause(this.#casualties, (rank) => this.#ranks[rank]?.running ?? false);
    if (cause) this.end(cause.status, cause.why);
    else this.#courtesy ??= setTimeout(() => this.#settle(), courtesyMs);
  }

  /** The rank that was lost lives on: those that lost it have to do. */
  #settle(): void {
    const cause = findCause(this.#casualties, () => false);
    if (cause) this.end(cause.status, cause.why);
  }

  /** Undefined: the rank ended as it should. */
  #casualty({ rank, code, how }: End): Casualty | undefined {
    const sighting = this.#page.read(rank);
    if (code === 0 && (sighting.finalized || sighting.calls === 0)) return undefined;
    const without = code === 0 ? ' without mpi.finalize()' : '';
    const last =
      sighting.calls > 0 ? `; its last call: ${describeCall({ ...sighting, blocked: false })}` : '';
    const blames = sighting.lost >= 0 ? `; it had lost rank ${sighting.lost}` : '';
    const why = `rank ${rank} ended with ${how}${without}${last}${blames}; the job ends`;
    return { rank, lost: sighting.lost, status: code === 0 ? 1 : code, why };
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
    clearTimeout(this.#courtesy);
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
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => job.stop(signal));
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
