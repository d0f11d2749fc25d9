/** The ranks of a job that run on one host, as the job sees them, wherever that is. */

import type { Sighting } from '../../mpi/job-page.ts';

/** How a rank ended. */
export interface End {
  readonly rank: number;
  readonly code: number;
  /** "exit status 3", "signal SIGKILL", or why it could not be started. */
  readonly how: string;
  /** It had begun to speak to the process manager, and did not say that it was done. */
  readonly unfinished: boolean;
}

export interface Crew {
  readonly ranks: readonly number[];
  isRunning(rank: number): boolean;
  /** What the rank was last seen doing. */
  sighting(rank: number): Sighting;
  /** To all ranks that run. */
  kill(signal: NodeJS.Signals): void;
  /** Takes everything away. */
  close(): Promise<void>;
}

export interface CrewEvents {
  ended(end: End): void;
  /** All that were left have gone, with their host or with what ties us to it. */
  lost(crew: Crew, status: number, why: string): void;
  /** A rank wants the whole job to end, or spoke to its process manager in a way that leaves no other choice: `why`. */
  aborted(rank: number, code: number, why: string): void;
}

export interface JobEvents extends CrewEvents {
  /** Others wait for a rank that has ended. */
  stuck(rank: number): void;
}
