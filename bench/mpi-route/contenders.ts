/** Who carries messages between hosts of a lab: ourselves, Open MPI by TCP, and bare TCP below both. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, Plan } from '../figure.ts';
import { openMpi, ours as ourJob, peer } from '../mpi/contenders.ts';
import { type CommandLine, compile, type Measurement, measuring } from '../mpi/job.ts';
import { type Cable, Lab } from './lab.ts';

/** Where a job runs: a lab of so many hosts, and which of them have its ranks, in order. */
export interface Site {
  readonly hosts: number;
  readonly cables: readonly Cable[];
  /** All, from the first, unless told. */
  readonly order?: readonly number[];
  /** Ranks on each; 1 unless told. */
  readonly slots?: number;
}

const openMpiCompiler = 'mpicc.openmpi';

/** Options of `ipscsi mpirun` for a job on the hosts of a site: each measures its ways anew, and keeps to itself what it has found. */
export const onHosts = (lab: Lab, { hosts, order = [...Array(hosts).keys()], slots = 1 }: Site) => [
  ...['--hostfile', lab.hostfile(order, slots)],
  ...['--launch-agent', `${lab.launcher('words')} {host}`],
  ...['--measure', '-x', `XDG_CACHE_HOME=${lab.file('cache')}`],
];

/** Options that let Open MPI use these networks by TCP, and `btl` beside it. */
const byTcp = (networks: string, btl = '') => [
  ...['--mca', 'btl', `${btl}tcp,self`],
  ...['--mca', 'btl_tcp_if_include', networks],
];

/** Open MPI's launcher on the hosts of a site, by an agent that takes what ssh takes. */
function openMpiOnHosts(lab: Lab, { hosts, slots = 1 }: Site, btl: string): CommandLine {
  const names = Array.from({ length: hosts }, (_, host) => `${lab.name(host)}:${slots}`);
  const job = peer(openMpiCompiler, [
    ...openMpi,
    ...['--host', names.join(',')],
    ...['--mca', 'plm_rsh_agent', lab.launcher('shell')],
    ...['--mca', 'oob_tcp_if_include', lab.networks],
    ...byTcp(lab.networks, btl),
    // Each of its hosts takes all processors for its own; without this, ranks that wait would keep them from the others.
    ...['--mca', 'mpi_yield_when_idle', '1'],
  ]);
  return (ranks, args) => lab.on(0, job(ranks, args));
}

/** @throws Skip without a C compiler */
function bareTcp(...where: readonly string[]): CommandLine {
  const program = compile('cc', 'tcp.c');
  return (_, args) => [program, ...args, ...where];
}

/** A contender with a lab of its own. */
export const inLab = (
  name: string,
  site: Site,
  measurements: readonly Measurement[],
  line: (lab: Lab, site: Site) => CommandLine,
): Contender => ({
  name,
  open: async (plan: Plan) => {
    const lab = await Lab.build(site.hosts, site.cables);
    try {
      return measuring(line(lab, site), measurements, plan, lab);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  },
});

/** One that needs none. */
export const onLoopback = (
  name: string,
  measurements: readonly Measurement[],
  line: () => CommandLine,
): Contender => ({ name, open: async (plan) => measuring(line(), measurements, plan) });

/** By iSCSI alone; what it has measured of that is forgotten with us. */
function iscsiAlone(): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'ipscsi-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return ['--carriers', 'iscsi', '--measure', '-x', `XDG_CACHE_HOME=${directory}`];
}

/** What crosses the loopback interface, in one place and the other way round. */
export const loopback = {
  ours: () => ourJob('heap', iscsiAlone()),
  alloc: () => ourJob('alloc', iscsiAlone()),
  openMpi: () => peer(openMpiCompiler, [...openMpi, ...byTcp('127.0.0.0/8')]),
  bare: () => bareTcp(),
} as const;

/** What crosses the networks of a lab. */
export const between = {
  ours: (lab: Lab, site: Site) => ourJob('heap', onHosts(lab, site)),
  /** Its collectives do not look at who is where. */
  flat: (lab: Lab, site: Site) =>
    ourJob('heap', [...onHosts(lab, site), '-x', 'IPSCSI_MPI_COLLECTIVES=flat']),
  /** By shared memory within a host. */
  openMpi: (lab: Lab, site: Site) => openMpiOnHosts(lab, site, 'vader,'),
  /** By TCP within a host too. */
  openMpiTcp: (lab: Lab, site: Site) => openMpiOnHosts(lab, site, ''),
  /** From the first host to another, by one cable. */
  bare: (to: number, cable: number) => (lab: Lab) =>
    bareTcp(lab.address(to, cable), lab.namespace(0), lab.namespace(to)),
  /** From the first host to the third, handed on by the second's kernel. */
  routed: (lab: Lab) => {
    lab.routeThrough(1, [0, 1]);
    return bareTcp(lab.address(2, 1), lab.namespace(0), lab.namespace(2));
  },
} as const;
