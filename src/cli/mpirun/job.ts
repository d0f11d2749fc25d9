/** A job: its ranks, wherever they run, and its end. Whatever happens, no process and no file of it stays behind. */

import { constants } from 'node:os';
import type { Crew, End, JobEvents } from './crew.ts';
import { type Death, findCause } from './deaths.ts';
import { describeCall, explain, type Seen } from './report.ts';
import { Watchdog } from './watchdog.ts';

/** Between SIGTERM and SIGKILL. */
const graceMs = 2000;
/** Between SIGKILL and the end of our patience with a host. */
const lastMs = 5000;
const lookMs = 250;
/** For the end of a rank that another has lost, which tells more. */
const courtesyMs = 2000;
/** Signals that come together are one: a terminal's Ctrl-C may also be passed on by who started us. */
const togetherMs = 300;
const timedOut = 124;

/** A line for the user. */
export const say = (line: string): void => void process.stderr.write(`ipscsi: ${line}\n`);

/** A rank that ended as it should not, and what there is to say of it. */
interface Casualty extends Death {
  readonly status: number;
  readonly why: string;
}

export interface Limits {
  readonly timeoutMs: number;
  readonly watchdogMs: number;
}

export class Job implements JobEvents {
  readonly #limits: Limits;
  #crews: readonly Crew[] = [];
  /** Ranks whose end has not been told. */
  readonly #open = new Set<number>();
  #over: () => void = () => undefined;
  /** The job's exit status, once it is settled. */
  #status: number | undefined;
  #killer: NodeJS.Timeout | undefined;
  #courtesy: NodeJS.Timeout | undefined;
  readonly #casualties: Casualty[] = [];
  #toldToStop = 0;
  /** Fires when the job has to end before it has begun. */
  readonly #stopped = new AbortController();
  /** Fires when nothing is to be waited for any more. */
  readonly #hurried = new AbortController();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  get hurried(): AbortSignal {
    return this.#hurried.signal;
  }

  get status(): number {
    return this.#status ?? 0;
  }

  #crewOf(rank: number): Crew | undefined {
    return this.#crews.find(({ ranks }) => ranks.includes(rank));
  }

  #isRunning(rank: number): boolean {
    return this.#crewOf(rank)?.isRunning(rank) ?? false;
  }

  #seen(): Seen[] {
    return this.#crews
      .flatMap((crew) => crew.ranks.map((rank) => ({ ...crew.sighting(rank), rank })))
      .sort((one, other) => one.rank - other.rank)
      .filter(({ rank, finalized }) => finalized || this.#isRunning(rank));
  }

  explain(heading: string): void {
    for (const line of explain(this.#seen(), heading)) say(line);
  }

  /** Ends all ranks; the first reason gives the status. */
  end(status: number, why: string): void {
    if (this.#status !== undefined) return;
    this.#status = status;
    if (why !== '') say(why);
    this.#stopped.abort();
    this.#kill('SIGTERM');
    this.#killer = setTimeout(() => this.#insist(), graceMs);
  }

  #insist(): void {
    clearTimeout(this.#killer);
    this.#kill('SIGKILL');
    this.#killer = setTimeout(() => {
      if (this.#open.size > 0) say(`nothing is known of the end of rank ${[...this.#open].join(', ')}`);
      this.#hurried.abort();
      this.#over();
    }, lastMs);
  }

  #kill(signal: NodeJS.Signals): void {
    for (const crew of this.#crews) crew.kill(signal);
  }

  /** A signal to us: the first ends the job in order, another at once. */
  stop(signal: NodeJS.Signals): void {
    const first = this.#toldToStop === 0;
    if (!first && performance.now() - this.#toldToStop < togetherMs) return;
    this.#toldToStop = performance.now();
    if (first) {
      this.end(128 + constants.signals[signal], `${signal}: the job ends`);
      return;
    }
    this.#hurried.abort();
    this.#insist();
  }

  ended(end: End): void {
    const casualty = this.#casualty(end);
    if (casualty) this.#casualties.push(casualty);
    if (this.#casualties.length > 0 && this.#status === undefined) {
      const cause = findCause(this.#casualties, (rank) => this.#isRunning(rank));
      if (cause) this.end(cause.status, cause.why);
      else this.#courtesy ??= setTimeout(() => this.#settle(), courtesyMs);
    }
    this.#close([end.rank]);
  }

  lost(crew: Crew, status: number, why: string): void {
    this.end(status, `${why}; the job ends`);
    this.#close(crew.ranks);
  }

  aborted(rank: number, code: number, why: string): void {
    const what = why === '' ? `called abort with ${code}` : `can't go on: ${why}`;
    this.end(code & 0xff || 1, `rank ${rank} ${what}; the job ends`);
  }

  stuck(rank: number): void {
    this.end(1, `rank ${rank} has ended, and others wait to meet it; the job ends`);
  }

  #close(ranks: readonly number[]): void {
    for (const rank of ranks) this.#open.delete(rank);
    if (this.#open.size === 0) this.#over();
  }

  /** The rank that was lost lives on: those that lost it have to do. */
  #settle(): void {
    const cause = findCause(this.#casualties, () => false);
    if (cause) this.end(cause.status, cause.why);
  }

  /** Undefined: the rank ended as it should. */
  #casualty({ rank, code, how, unfinished }: End): Casualty | undefined {
    const sighting = this.#crewOf(rank)?.sighting(rank);
    if (!sighting) return undefined;
    if (code === 0 && (sighting.finalized || (sighting.calls === 0 && !unfinished))) return undefined;
    const without = code === 0 ? ' without mpi.finalize()' : '';
    const last =
      sighting.calls > 0 ? `; its last call: ${describeCall({ ...sighting, blocked: false })}` : '';
    const blames = sighting.lost >= 0 ? `; it had lost rank ${sighting.lost}` : '';
    const why = `rank ${rank} ended with ${how}${without}${last}${blames}; the job ends`;
    return { rank, lost: sighting.lost, status: code === 0 ? 1 : code, why };
  }

  /** Sees the ranks to their end, and gives the job's exit status. They have just been started. */
  async run(crews: readonly Crew[]): Promise<number> {
    const { watchdogMs, timeoutMs } = this.#limits;
    this.#crews = crews;
    for (const { ranks } of crews) for (const rank of ranks) this.#open.add(rank);
    if (this.#status !== undefined) this.#kill('SIGTERM');
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    const watchdog = new Watchdog(watchdogMs);
    const look = setInterval(() => {
      if (watchdogMs > 0 && watchdog.look(this.#seen(), performance.now()))
        this.explain(`no rank has moved for ${watchdogMs / 1000} s:`);
    }, lookMs);
    const limit = timeoutMs > 0 ? setTimeout(() => this.#late(), timeoutMs) : undefined;
    await over;
    clearInterval(look);
    for (const timer of [limit, this.#killer, this.#courtesy]) clearTimeout(timer);
    return this.status;
  }

  #late(): void {
    this.explain(`the job's ${this.#limits.timeoutMs / 1000} s are over:`);
    this.end(timedOut, 'the job ends');
  }
}
