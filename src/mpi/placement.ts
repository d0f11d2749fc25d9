/** Where a rank finds itself: who started it says its rank, the size of the job, and the bus that its ranks share. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MpiError } from './errors.ts';
import { connectPmi, type PmiEnvironment, pmiEnvironment } from './pmi/connect.ts';
import type { ProcessManager } from './pmi/process-manager.ts';

export interface Placement {
  readonly rank: number;
  readonly size: number;
  /** The bus's directory. */
  readonly directory: string;
  /** The page shared with the launcher, if it is ours. */
  readonly page: string | undefined;
  readonly launcher: 'ipscsi' | 'pmi' | 'slurm' | 'none';
  readonly pmi: ProcessManager | undefined;
}

/** Environment that `ipscsi mpirun` gives to a rank. */
export const environment = {
  rank: 'IPSCSI_MPI_RANK',
  size: 'IPSCSI_MPI_SIZE',
  directory: 'IPSCSI_MPI_DIRECTORY',
  memory: 'IPSCSI_MPI_MEMORY',
  /** A file to trace into, or "-" for standard error; other launchers' users may set it, too. */
  trace: 'IPSCSI_MPI_TRACE',
  /** Collectives by groups of ranks or not; every rank is to have the same. */
  collectives: 'IPSCSI_MPI_COLLECTIVES',
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
  const slurm = placedBySlurm(env, uid);
  if (slurm) return slurm;
  const alone = join(busesOf(uid), `mpi-${process.pid}-${randomBytes(4).toString('hex')}`);
  return { rank: 0, size: 1, directory: alone, page: undefined, launcher: 'none', pmi: undefined };
}

/** Where rank 0 says what its host is called. */
const hostKey = 'ipscsi-host';

function placedByPmi(environment: PmiEnvironment, uid: number): Placement {
  const pmi = connectPmi(environment);
  const { rank, size, job } = pmi;
  if (rank === 0) pmi.put(hostKey, hostname());
  pmi.fence();
  const first = pmi.get(hostKey);
  if (first !== hostname()) throw apart(rank, first ?? 'another machine');
  return checked({ rank, size, directory: busOf(job, uid), page: undefined, launcher: 'pmi', pmi });
}

/** srun without PMI: the step's variables say enough, as long as it has one node. */
function placedBySlurm(env: NodeJS.ProcessEnv, uid: number): Placement | undefined {
  const { SLURM_PROCID: rank, SLURM_STEP_NUM_TASKS: size, SLURM_JOB_ID: job, SLURM_STEP_ID: step } = env;
  if (rank === undefined || size === undefined || job === undefined || step === undefined) return undefined;
  const { SLURM_STEP_NUM_NODES: nodes = '1', SLURM_STEP_NODELIST: list = '' } = env;
  if (Number(nodes) !== 1) throw apart(Number(rank), `one of ${list}`);
  const directory = busOf(`${env['SLURM_CLUSTER_NAME'] ?? 'slurm'}.${job}.${step}`, uid);
  return checked({
    rank: Number(rank),
    size: Number(size),
    directory,
    page: undefined,
    launcher: 'slurm',
    pmi: undefined,
  });
}

const busOf = (job: string, uid: number) =>
  join(busesOf(uid), `mpi-${job.replace(/[^\w.-]/g, '_').slice(-60)}`);

const apart = (rank: number, first: string) =>
  new MpiError(
    'ERR_OTHER',
    `rank ${rank} is on ${hostname()}, rank 0 on ${first}: ranks must share a machine`,
  );

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
