/** A job on this machine alone: its ranks are children of the launcher, and share one bus. */

import { environment } from '../../mpi/placement.ts';
import type { CrewEvents } from './crew.ts';
import { JobDirectory } from './job-directory.ts';
import { handedOn, type JobOptions } from './job-options.ts';
import { LocalCrew } from './local-crew.ts';
import type { Output } from './output.ts';
import type { RankProcess } from './rank-process.ts';

/** Starts all ranks here. */
export function startHere(options: JobOptions, output: Output, events: CrewEvents): LocalCrew {
  const { program, args, size, directory, bind, tagged } = options;
  const bus = JobDirectory.create(size);
  const common = { ...process.env, ...handedOn(options, process.env) };
  const out = tagged ? 'pipe' : 'inherit';
  const plan = {
    ...{ program, args, directory, bind },
    ranks: Array.from({ length: size }, (_, rank) => rank),
    env: (rank: number) => ({
      ...common,
      [environment.rank]: String(rank),
      [environment.size]: String(size),
      [environment.directory]: bus.path,
    }),
    stdio: (rank: number) => [rank === 0 ? 'inherit' : 'ignore', out, out] as const,
    attach: (rank: number, { child }: RankProcess) => {
      for (const [from, descriptor] of [
        [child.stdout, 1],
        [child.stderr, 2],
      ] as const)
        from?.on('data', (bytes: Buffer) => {
          from.pause();
          output.write(rank, descriptor, bytes, () => from.resume());
        });
    },
    unfinished: () => false,
  };
  return new LocalCrew(plan, bus, (end) => {
    output.finish(end.rank);
    events.ended(end);
  });
}
