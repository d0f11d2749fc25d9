/**
 * A Slurm of our own: a controller, one node that says it has 16 processors, and srun, in namespaces of their own
 * that end with this object, or with the test's process. Debian's daemons, without munge, cgroups or an init.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, noRoot } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import { type Outcome, run } from './job.ts';

/** getaddrinfo() of a host without any address but 127.0.0.1 resolves none (AI_ADDRCONFIG): the node has one more. */
const address = '198.18.0.1';
const node = 'node0';
const namespaces = ['--uts', '--net', '--mount', '--pid'];
const apart = [...namespaces, '--fork', '--mount-proc', '--kill-child'];

/** Why it can't be had here; false: it can. */
export const noSlurm: string | false =
  missing('slurmctld', 'slurmd', 'srun', 'unshare', 'nsenter', 'ip') || noRoot;

const configuration = (directory: string) => `ClusterName=ipscsi-test
SlurmctldHost=${node}(${address})
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
KillWait=2
StateSaveLocation=${directory}/state
SlurmdSpoolDir=${directory}/spool
SlurmctldPidFile=${directory}/slurmctld.pid
SlurmdPidFile=${directory}/slurmd.pid
SlurmctldLogFile=${directory}/slurmctld.log
SlurmdLogFile=${directory}/slurmd.log
NodeName=${node} NodeAddr=${address} CPUs=16 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
`;

/** The first process of the namespaces: it ends, and all with it, when its input does. */
const keeper = `
ip link set lo up && ip address add ${address}/32 dev lo && hostname ${node} && mount -t tmpfs none /dev/shm || exit 1
slurmctld -D -c >/dev/null 2>&1 &
slurmd -D >/dev/null 2>&1 &
cat
`;

export class Slurm implements AsyncDisposable {
  readonly #directory: string;
  readonly #keeper: ChildProcess;

  static async open(): Promise<Slurm> {
    const slurm = new Slurm();
    try {
      await until(
        'the node is idle',
        async () => (await slurm.run('sinfo', '-h', '-o', '%T')).stdout === 'idle\n',
      );
    } catch (error) {
      await slurm[Symbol.asyncDispose]();
      throw error;
    }
    return slurm;
  }

  private constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), 'ipscsi-slurm-'));
    for (const name of ['state', 'spool']) mkdirSync(join(this.#directory, name));
    writeFileSync(join(this.#directory, 'slurm.conf'), configuration(this.#directory));
    this.#keeper = spawn('unshare', [...apart, 'sh', '-c', keeper], {
      env: { ...process.env, SLURM_CONF: join(this.#directory, 'slurm.conf') },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /** Runs a command line in there. */
  run(file: string, ...args: string[]): Promise<Outcome> {
    const { pid } = this.#keeper;
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const configured = ['env', `SLURM_CONF=${join(this.#directory, 'slurm.conf')}`];
    return run('nsenter', ['-t', first, ...namespaces, ...configured, file, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#keeper, 'close');
    this.#keeper.stdin?.end();
    if (this.#keeper.exitCode === null) await gone;
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
