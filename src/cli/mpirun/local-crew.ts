/** Ranks on this host: processes of ours, a directory for their bus, and the page on which they say what they do. */

import type { Sighting } from '../../mpi/job-page.ts';
import { allowedProcessors } from './binding.ts';
import type { Crew, End } from './crew.ts';
import type { JobDirectory } from './job-directory.ts';
import { RankProcess } from './rank-process.ts';

export interface LocalPlan {
  readonly ranks: readonly number[];
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string | undefined;
  /** Each has a processor of its own, as far as there are enough. */
  readonly bind: boolean;
  env(rank: number): NodeJS.ProcessEnv;
  /** What the rank's descriptors are. */
  stdio(rank: number): readonly ('inherit' | 'ignore' | 'pipe')[];
  /** Takes the other ends of its pipes. */
  attach(rank: number, process: RankProcess): void;
  unfinished(rank: number): boolean;
}

export class LocalCrew implements Crew {
  readonly ranks: readonly number[];
  readonly #directory: JobDirectory;
  readonly #processes = new Map<number, RankProcess>();

  /** Starts all ranks. The directory is the crew's from now on. @throws Error when a rank can't be started: then nothing is left */
  constructor(plan: LocalPlan, directory: JobDirectory, ended: (end: End) => void) {
    this.ranks = plan.ranks;
    this.#directory = directory;
    try {
      this.#start(plan);
    } catch (error) {
      this.kill('SIGKILL');
      directory.close();
      throw error;
    }
    for (const [rank, process] of this.#processes) {
      plan.attach(rank, process);
      void process.ended.then(({ code, how }) =>
        ended({ rank, code, how, unfinished: plan.unfinished(rank) }),
      );
    }
  }

  #start(plan: LocalPlan): void {
    const processors = plan.bind ? allowedProcessors() : [];
    for (const [i, rank] of plan.ranks.entries())
      this.#processes.set(rank, start(plan, rank, processors[i % processors.length]));
  }

  isRunning(rank: number): boolean {
    return this.#processes.get(rank)?.running ?? false;
  }

  sighting(rank: number): Sighting {
    return this.#directory.page.read(rank);
  }

  kill(signal: NodeJS.Signals): void {
    for (const process of this.#processes.values()) process.kill(signal);
  }

  async close(): Promise<void> {
    this.#directory.close();
  }
}

function start(plan: LocalPlan, rank: number, core: number | undefined): RankProcess {
  const { program, args, directory } = plan;
  return new RankProcess({
    ...{ rank, program, args, directory, core },
    env: plan.env(rank),
    stdio: plan.stdio(rank),
  });
}
