/** The ranks that an agent has started, their descriptors, and the talk with them as their process manager. */

import { statSync } from 'node:fs';
import type { Duplex, Readable } from 'node:stream';
import type { Sighting } from '../../mpi/job-page.ts';
import { environment } from '../../mpi/placement.ts';
import { agentEnvironment } from '../../mpi/pmi/agent-environment.ts';
import { Pmi1Server } from '../../mpi/pmi/pmi1-server.ts';
import { usageError } from '../failure.ts';
import type { End } from './crew.ts';
import { Channel, type Descriptor } from './frames.ts';
import { JobDirectory } from './job-directory.ts';
import { LocalCrew } from './local-crew.ts';
import type { JobDescription, Puts, RankSighting } from './messages.ts';
import type { RankProcess } from './rank-process.ts';

export interface AgentRanksEvents {
  /** What a rank wrote: the next piece is read when this one is taken. */
  data(rank: number, channel: Descriptor, bytes: Buffer): void;
  /** Rank 0 has taken its input. */
  fed(): void;
  /** The first rank here is at the barrier. */
  waiting(): void;
  /** All ranks here are. */
  fence(puts: Puts): void;
  aborted(rank: number, code: number, why: string): void;
  ended(end: End, sighting: Sighting): void;
}

/** Where a rank meets its process manager. */
const pmiDescriptor = 3;
/** What other process managers, or the launcher's own, have left in our environment. */
const others = new RegExp(
  `^(PMI_|HYDI_|MPI_LOCAL|${environment.rank}|${environment.size}|${environment.directory})`,
);

function checkDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw usageError(`there is no directory ${path}`, 'one on every host', '--wdir names another');
}

export class AgentRanks {
  readonly #events: AgentRanksEvents;
  readonly #crew: LocalCrew;
  readonly #server: Pmi1Server;
  readonly #processes = new Map<number, RankProcess>();

  /** Starts them. @throws CliError, Error when they can't be */
  constructor(job: JobDescription, events: AgentRanksEvents) {
    checkDirectory(job.directory);
    this.#events = events;
    this.#server = new Pmi1Server(job, job.ranks, {
      send: (rank, line) => void this.#manager(rank)?.write(line),
      waiting: () => events.waiting(),
      fence: (puts) => events.fence(puts),
      aborted: (rank, code) => events.aborted(rank, code, ''),
      broken: (rank, why) => events.aborted(rank, 1, why),
    });
    const directory = JobDirectory.create(job.size);
    const { ranks, program, args, bind } = job;
    const common = commonEnvironment(job, directory.path);
    this.#crew = new LocalCrew(
      {
        ...{ ranks, program, args, bind, directory: job.directory },
        env: (rank) => ({
          ...common,
          PMI_RANK: String(rank),
          MPI_LOCALRANKID: String(ranks.indexOf(rank)),
        }),
        stdio: (rank) => [rank === 0 ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
        attach: (rank, process) => this.#attach(rank, process),
        unfinished: (rank) => this.#server.unfinished(rank),
      },
      directory,
      (end) => events.ended(end, this.#crew.sighting(end.rank)),
    );
  }

  get running(): number {
    return this.#crew.ranks.filter((rank) => this.#crew.isRunning(rank)).length;
  }

  sightings(): RankSighting[] {
    return this.#crew.ranks
      .filter((rank) => this.#crew.isRunning(rank))
      .map((rank) => [rank, this.#crew.sighting(rank)] as const);
  }

  /** What rank 0 is to read; nothing at all: its end. */
  feed(bytes: Buffer): void {
    const stdin = this.#processes.get(0)?.child.stdin;
    if (bytes.length === 0) stdin?.end();
    else stdin?.write(bytes, (error) => error ?? this.#events.fed());
  }

  taken(rank: number, channel: Descriptor): void {
    this.#stream(rank, channel)?.resume();
  }

  fenced(puts: Puts): void {
    this.#server.fenced(puts);
  }

  kill(signal: NodeJS.Signals): void {
    this.#crew.kill(signal);
  }

  /** Nobody wants to know any more what they write. */
  discard(): void {
    for (const rank of this.#crew.ranks)
      for (const channel of [Channel.output, Channel.error])
        this.#stream(rank, channel)?.removeAllListeners('data').resume();
  }

  /** What they have started, in sessions of its own, may hold their descriptors open: that is no longer waited for. */
  letGo(): void {
    for (const { child } of this.#processes.values()) for (const stream of child.stdio) stream?.destroy();
  }

  close(): void {
    void this.#crew.close();
  }

  #stream(rank: number, channel: Descriptor): Readable | null | undefined {
    const child = this.#processes.get(rank)?.child;
    return channel === Channel.output ? child?.stdout : child?.stderr;
  }

  #manager(rank: number): Duplex | undefined {
    return this.#processes.get(rank)?.child.stdio[pmiDescriptor] as Duplex | undefined;
  }

  #attach(rank: number, process: RankProcess): void {
    this.#processes.set(rank, process);
    for (const channel of [Channel.output, Channel.error])
      this.#stream(rank, channel)?.on('data', (bytes: Buffer) => {
        this.#stream(rank, channel)?.pause();
        this.#events.data(rank, channel, bytes);
      });
    // A rank that ends may leave what was said to it unread.
    process.child.stdin?.on('error', () => undefined);
    const manager = this.#manager(rank);
    manager?.on('error', () => undefined);
    manager?.setEncoding('utf8');
    manager?.on('data', (text: string) => this.#server.receive(rank, text));
  }
}

/** What all ranks here have in their environment. */
function commonEnvironment(job: JobDescription, directory: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !others.test(name));
  return {
    ...Object.fromEntries(inherited),
    ...job.environment,
    [agentEnvironment.directory]: directory,
    PMI_FD: String(pmiDescriptor),
    PMI_SIZE: String(job.size),
    MPI_LOCALNRANKS: String(job.ranks.length),
  };
}
