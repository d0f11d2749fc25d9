/** What an agent of `ipscsi mpirun` puts into its ranks' environment beside PMI's own variables. */

export const agentEnvironment = {
  /** A directory on this host for the ranks' buses; in it the job's page, with a place for every rank of the job. */
  directory: 'IPSCSI_MPI_AGENT_DIRECTORY',
  /** Addresses of this host that the job's traffic uses, with commas between; absent: the hostfile names none. */
  addresses: 'IPSCSI_MPI_ADDRESSES',
  /** What the hostfile calls this host. */
  host: 'IPSCSI_MPI_HOST',
} as const;
