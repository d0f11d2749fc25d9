/** Where a rank finds itself: who started it says its rank, the size of the job, and the bus that its ranks share. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MpiError } from './errors.ts';
import { PmiClient, type PmiEnvironment, pmiEnvironment } from './pmi/client.ts';

export interface Placement {
  readonly rank: number;
  readonly size: number;
  /** The bus's directory. */
  readonly directory: string;
  /** The page shared with the launcher, if it is ours. */
  readonly page: string | undefined;
  readonly launcher: 'ipscsi' | 'pmi' | 'none';
  readonly pmi: PmiClient | undefined;
}

/** Environment that `ipscsi mpirun` gives to a rank. */
export const environment = {
  rank: 'IPSCSI_MPI_RANK',
  size: 'IPSCSI_MPI_SIZE',
  directory: 'IPSCSI_MPI_DIRECTORY',
  memory: 'IPSCSI_MPI_MEMORY',
} as const;

/** Name of the launcher's page in the bus's directory. */
export const pageName = 'job';

/** Directories of buses lie here, private to the user. */
export const busesOf = (uid: number): string => `/dev/shm/ipscsi.${uid}`;

/** Finds out. @throws MpiError when what the launcher says makes no sense */
export function findPlacement(env: NodeJS.ProcessEnv, uid: number): Placement {
  const directory = env[environment.directory];
  if (directory !== undefined) {
    const [rank, size] = [Number(env[environment.rank]), Number(env[environment.size])];
    return checked({
      rank,
      size,
      directory,
      page: join(directory, pageName),
      launcher: 'ipscsi',
      pmi: undefined,
    });
  }
  const pmi = pmiEnvironment(env);
  if (pmi) return placedByPmi(pmi, uid);
  const alone = join(busesOf(uid), `mpi-${process.pid}-${randomBytes(4).toString('hex')}`);
  return { rank: 0, size: 1, directory: alone, page: undefined, launcher: 'none', pmi: undefined };
}

function placedByPmi({ fd, rank, size }: PmiEnvironment, uid: number): Placement {
  const pmi = new PmiClient(fd);
  pmi.put(`ipscsi-${rank}`, hostname());
  pmi.barrier();
  const first = pmi.get('ipscsi-0');
  if (first !== hostname())
    throw new MpiError(
      'ERR_OTHER',
      `rank ${rank} is on ${hostname()}, rank 0 on ${first}: ranks must share a machine`,
    );
  const directory = join(busesOf(uid), `mpi-${pmi.space.replace(/[^\w.-]/g, '_').slice(-60)}`);
  return checked({ rank, size, directory, page: undefined, launcher: 'pmi', pmi });
}

function checked(placement: Placement): Placement {
  const { rank, size } = placement;
  if (
    Number.isInteger(size) &&
    size >= 1 &&
    size <= 256 &&
    Number.isInteger(rank) &&
    rank >= 0 &&
    rank < size
  )
    return placement;
  throw new MpiError('ERR_OTHER', `the launcher says rank ${rank} of ${size}; a bus has up to 256 IDs`);
}
