import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Lab, noLab } from '../lab/lab.ts';
import { findProgram, inNamespace, missing, type Place, run as runTool } from '../lab/processes.ts';
import { serveSsh } from '../lab/ssh.ts';
import { until } from '../lab/until.ts';
import { childrenOf, isAlive, whenWaiting } from './family.ts';
import { type Outcome, program, run } from './job.ts';
import { directories, tellDirectory } from './machines.ts';

const cli = program('../../../src/cli/main');

/** A launcher's host, and another that only ssh leads to. */
class Pair implements AsyncDisposable {
  readonly lab: Lab;
  readonly there: string;
  readonly #here: Place;
  #config = '';

  static async open(): Promise<Pair> {
    const lab = await Lab.open({ hosts: 2 });
    const [here, there] = [lab.placeOf(1), lab.placeOf(2)];
    const ipv4 = lab.underlay?.address(2) ?? '';
    const pair = new Pair(lab, here, ipv4);
    await pair.#serve(there);
    return pair;
  }

  private constructor(lab: Lab, here: Place, there: string) {
    this.lab = lab;
    this.#here = here;
    this.there = there;
  }

  async #serve(place: Place): Promise<void> {
    const { key, known } = await serveSsh(this.lab, { id: 2, ipv4: this.there, place });
    this.configure(key, known);
  }

  /** What ssh knows: this client's key, and the keys of hosts. Ours is found before the machine's. */
  configure(key: string, known: string): void {
    this.#config = join(this.lab.files, 'ssh-config');
    writeFileSync(
      this.#config,
      `Port 2222\nIdentityFile ${key}\nIdentitiesOnly yes\nUserKnownHostsFile ${known}\nLogLevel ERROR\n`,
    );
    const wrapper = join(this.lab.files, 'ssh');
    writeFileSync(wrapper, `#!/bin/sh\nexec ${findProgram('ssh')} -F ${this.#config} "$@"\n`);
    chmodSync(wrapper, 0o700);
  }

  mpirun(args: readonly string[], during?: (pid: number, output: () => string) => void): Promise<Outcome> {
    const path = `PATH=${this.lab.files}:${process.env['PATH']}`;
    const line = ['env', path, process.execPath, cli, 'mpirun', '--timeout', '60', ...args];
    const [file = '', ...rest] = inNamespace(this.#here, line);
    return run(file, rest, during);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

const pids = (output: string) => [...output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
const wait = ['sh', '-c', `${tellDirectory}; echo pid $$ $PPID; echo "pid $PPID"; echo waits; exec sleep 60`];

describe('ipscsi mpirun over ssh', {
  skip: noLab || missing('ssh', 'sshd', 'ssh-keygen', 'nsenter'),
  timeout: 240_000,
}, () => {
  it('runs ranks here and there, and they meet', async () => {
    await using pair = await Pair.open();
    const hosts = ['--host', `localhost,${pair.there}:2`];
    const met = await pair.mpirun([...hosts, program('meet'), '2', '3000']);
    assert.equal(met.status, 0, met.stderr);
    assert.equal(met.stdout.match(/ of 3 met all/g)?.length, 3);
    const tell = `echo "$PMI_RANK: \${SSH_CONNECTION:-here} '$SAID'"; ${tellDirectory}`;
    const told = await pair.mpirun([...hosts, '-x', "SAID=it's $HOME", 'sh', '-c', tell]);
    assert.equal(told.status, 0, told.stderr);
    assert.match(told.stdout, /^0: here 'it's \$HOME'$/m);
    assert.match(
      told.stdout,
      new RegExp(`^2: 192\\.168\\.77\\.101 .* ${pair.there} 2222 'it's \\$HOME'$`, 'm'),
    );
    assert.equal(directories(told.stdout).told.length, 2);
    assert.deepEqual(directories(told.stdout).left, []);
  });

  it('says what ssh said when it is not let in', async () => {
    await using pair = await Pair.open();
    const stranger = join(pair.lab.files, 'stranger');
    assert.equal((await runTool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', stranger])).code, 0);
    const known = join(pair.lab.files, 'known-2');
    pair.configure(stranger, known);
    const refused = await pair.mpirun(['--host', pair.there, 'true']);
    assert.equal(refused.status, 5);
    assert.match(
      refused.stderr,
      new RegExp(`host ${pair.there}: .*Permission denied.*ssh ${pair.there} true`),
    );
    pair.configure(stranger, '/dev/null');
    const unknown = await pair.mpirun(['--host', pair.there, 'true']);
    assert.equal(unknown.status, 5);
    assert.match(unknown.stderr, /Host key verification failed.*known_hosts/);
  });

  it('ends in order when the connection is cut, on both sides', async () => {
    await using pair = await Pair.open();
    const { status, stdout, stderr } = await pair.mpirun(
      ['--host', `localhost,${pair.there}`, ...wait],
      whenWaiting(2, (pid) => {
        const [, ssh] = childrenOf(pid);
        process.kill(ssh as number, 'SIGKILL');
      }),
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      new RegExp(`host ${pair.there}: its agent, or the way to it, ended with signal SIGKILL`),
    );
    assert.equal(new Set(pids(stdout)).size, 4);
    await until('all processes are gone', () => !pids(stdout).some(isAlive));
    await until('all directories are gone', () => directories(stdout).left.length === 0);
  });

  it('that is killed takes all along, there too', async () => {
    await using pair = await Pair.open();
    const { stdout } = await pair.mpirun(
      ['--host', `localhost,${pair.there}`, ...wait],
      whenWaiting(2, (pid) => {
        process.kill(pid, 'SIGKILL');
      }),
    );
    assert.equal(new Set(pids(stdout)).size, 4);
    await until('all processes are gone', () => !pids(stdout).some(isAlive));
    await until('all directories are gone', () => directories(stdout).left.length === 0);
  });
});
