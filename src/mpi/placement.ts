/** Where a rank finds itself: who started it says its rank, the size of the job, and the bus that its ranks share. */

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MpiError } from './errors.ts';
import { agentEnvironment } from './pmi/agent-environment.ts';
import { connectPmi, type PmiEnvironment, pmiEnvironment } from './pmi/connect.ts';
import type { ProcessManager } from './pmi/process-manager.ts';

export interface Placement {
  readonly rank: number;
  readonly size: number;
  /** On this host: the bus's, or that in which the buses' lie. */
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
  if (pmi) return placedByPmi(pmi, env, uid);
  const slurm = placedBySlurm(env, uid);
  if (slurm) return slurm;
  const alone = join(busesOf(uid), `mpi-${process.pid}-${randomBytes(4).toString('hex')}`);
  return { rank: 0, size: 1, directory: alone, page: undefined, launcher: 'none', pmi: undefined };
}

/** An agent of ours says where the job's directory is; the ranks of others have agreed on its name. */
function placedByPmi(environment: PmiEnvironment, env: NodeJS.ProcessEnv, uid: number): Placement {
  const pmi = connectPmi(environment);
  const { rank, size, job } = pmi;
  const given = env[agentEnvironment.directory];
  const directory = given ?? busOf(job, uid);
  const page = given === undefined ? undefined : join(given, pageName);
  return checked({ rank, size, directory, page, launcher: given === undefined ? 'pmi' : 'ipscsi', pmi });
}

/** srun without PMI: the step's variables say enough, as long as it has one node. */
function placedBySlurm(env: NodeJS.ProcessEnv, uid: number): Placement | undefined {
  const { SLURM_PROCID: rank, SLURM_STEP_NUM_TASKS: size, SLURM_JOB_ID: job, SLURM_STEP_ID: step } = env;
  if (rank === undefined || size === undefined || job === undefined || step === undefined) return undefined;
  const { SLURM_STEP_NUM_NODES: nodes = '1', SLURM_STEP_NODELIST: list = '' } = env;
  if (Number(nodes) !== 1)
    throw new MpiError(
      'ERR_OTHER',
      `rank ${rank} is on ${hostname()}, others elsewhere on ${list}: they find each other by PMI; srun --mpi=pmi2`,
    );
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
