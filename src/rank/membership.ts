/**
 * A rank's place in its job where all ranks are on one bus in shared memory, and the question whether that is so for sure. All
 * else is in join.ts, which is large and loaded only where it may be needed.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Manners, Topology } from '../mpi/collective/topology.ts';
import type { Placement } from '../mpi/placement.ts';
import { leaveDirectory, sweepDead } from '../transport/shm/claim.ts';
import { openShmPort } from '../transport/shm/port.ts';
import type { Port } from '../transport/transport.ts';

export interface JoinOptions {
  readonly placement: Placement;
  /** Bytes for allocate(). */
  readonly memory: number;
  readonly manners: Manners;
  readonly env: NodeJS.ProcessEnv;
}

export interface Membership {
  readonly port: Port;
  readonly topology: Topology;
  /** What is known of why ranks have not come. */
  absent(ranks: readonly number[]): string;
  /** The job is about to end in order: what leads through us ends when all ranks have left, not before. */
  settle(): void;
  /** After the port: ends what else there is. */
  close(): void;
}

export const routingEnvironment = {
  /** "shm,iscsi": carriers that may be used. */
  carriers: 'IPSCSI_MPI_CARRIERS',
  /** Addresses and networks of this host that may be used. */
  addresses: 'IPSCSI_MPI_ADDRESSES',
  /** What the hostfile calls this host. */
  host: 'IPSCSI_MPI_HOST',
  /** The layout of a route file, as JSON, or the path of a file that holds it. */
  route: 'IPSCSI_MPI_ROUTE',
  /** Rank 0 prints the table to standard error. */
  explain: 'IPSCSI_MPI_EXPLAIN',
  /** Costs are measured, whatever is known of them. */
  measure: 'IPSCSI_MPI_MEASURE',
  /** Seconds for which messages wait for a way. */
  patience: 'IPSCSI_MPI_PATIENCE',
} as const;

/** Ranks may be on several hosts, or the user wants to know or decide how they are joined. */
export const mayNeedRoutes = (env: NodeJS.ProcessEnv): boolean =>
  ['PMI_FD', routingEnvironment.carriers, routingEnvironment.route, routingEnvironment.explain].some(
    (name) => env[name],
  );

/** All on one bus in shared memory. */
export function together(
  { placement: { directory, rank, size }, memory }: JoinOptions,
  topology: Topology,
): Membership {
  const port = openShmPort({
    ...{ directory, bus: 'mpi', id: rank, width: Math.max(2, size), hostName: `rank ${rank}` },
    ...{ memory, replySlots: 2, far: true },
  });
  return { port, topology, absent: () => '', settle: () => undefined, close: () => undefined };
}

/** The directory of a bus in shared memory within the job's. */
export const busDirectory = (directory: string, bus: number): string => join(directory, `bus-${bus}`);

/** Removes what ranks that were killed left of a bus. */
export function sweepBus(directory: string): void {
  sweepDead(directory);
  leaveDirectory(directory);
}

/** The same of a whole job, and its directory. */
export function sweepJob(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : [])
    if (/^(bus-\d+|probe)$/.test(name)) sweepJob(join(directory, name));
  sweepBus(directory);
}
