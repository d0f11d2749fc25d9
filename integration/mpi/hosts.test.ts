import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { greeting } from '../../src/cli/mpirun/frames.ts';
import { encodeMessage } from '../../src/cli/mpirun/messages.ts';
import { noNamespaces } from '../../src/sys/lab.ts';
import { missing } from '../lab/processes.ts';
import { until } from '../lab/until.ts';
import { childrenOf, descendantsOf, isAlive, whenWaiting } from './family.ts';
import { mpirun, program } from './job.ts';
import { directories, Machines, tellDirectory } from './machines.ts';

/** The launcher may say what it waits for when others keep the machine busy. */
const calm = (stderr: string) => stderr.replace(/^ipscsi: waiting for .*\n/gm, '');

/** Two hosts with two ranks each that wait until they are ended, and where they were when they waited. */
async function interrupted(
  machines: Machines,
  act: (pid: number, agents: readonly number[]) => void,
  command: readonly string[] = ['sh', '-c', `${tellDirectory}; echo waits; exec sleep 60`],
) {
  let family: number[] = [];
  const outcome = await machines.mpirun(
    2,
    command,
    whenWaiting(4, (pid) => {
      family = descendantsOf(pid);
      act(pid, childrenOf(pid));
    }),
  );
  const { told, left } = directories(outcome.stdout);
  await until('all processes are gone', () => !family.some(isAlive));
  return { ...outcome, stderr: calm(outcome.stderr), told, left, family };
}

describe('ipscsi mpirun on several hosts', { skip: noNamespaces || missing('nsenter') }, () => {
  it('runs ranks where the hostfile says, slot by slot, with the addresses that it names', async () => {
    using machines = new Machines('a', 'b', 'c');
    const hostfile = join(machines.files, 'hosts');
    writeFileSync(hostfile, 'a slots=2 10.0.0.1 fd00::1\nb  # one slot\nc slots=5 10.0.0.3\n');
    const tell = `echo $PMI_RANK of $PMI_SIZE on $IPSCSI_MPI_HOST at $IPSCSI_MPI_ADDRESSES in $(readlink /proc/self/ns/net), $GIVEN; ${tellDirectory}`;
    const args = ['--hostfile', hostfile, '-n', '5', '-x', 'GIVEN=1 2', 'sh', '-c', tell];
    const { status, stdout, stderr } = await machines.mpirun(undefined, args);
    assert.deepEqual([status, calm(stderr)], [0, '']);
    const lines = stdout.split('\n').filter((line) => / of 5 on /.test(line));
    const places = lines.map((line) => line.replace(/ in net:.*,/, ',')).sort();
    assert.deepEqual(places, [
      '0 of 5 on a at 10.0.0.1,fd00::1, 1 2',
      '1 of 5 on a at 10.0.0.1,fd00::1, 1 2',
      '2 of 5 on b at, 1 2',
      '3 of 5 on c at 10.0.0.3, 1 2',
      '4 of 5 on c at 10.0.0.3, 1 2',
    ]);
    assert.equal(new Set(lines.map((line) => /net:\[\d+\]/.exec(line)?.[0])).size, 3);
    const { told, left } = directories(stdout);
    assert.deepEqual([told.length, left], [3, []]);
  });

  it('lets ranks of all hosts meet, again and again, with values as long as they may be', async () => {
    using machines = new Machines('a', 'b', 'c');
    const { status, stdout, stderr } = await machines.mpirun(2, [program('meet'), '5', '4096']);
    assert.deepEqual([status, calm(stderr)], [0, '']);
    const expected = Array.from({ length: 6 }, (_, rank) => `rank ${rank} of 6 met all`);
    assert.deepEqual(stdout.trim().split('\n').sort(), expected);
  });

  it('keeps the lines of a rank whole and in order, with the rank in front', async () => {
    using machines = new Machines('a', 'b');
    const count = 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "line $i of rank $PMI_RANK"; done';
    const { status, stdout } = await machines.mpirun(2, ['--tag-output', 'sh', '-c', count]);
    assert.equal(status, 0);
    for (const rank of [0, 1, 2, 3]) {
      const own = stdout.split('\n').filter((line) => line.startsWith(`[${rank}] `));
      const expected = Array.from({ length: 2000 }, (_, i) => `[${rank}] line ${i + 1} of rank ${rank}`);
      assert.deepEqual(own, expected);
    }
    assert.equal(stdout.split('\n').length, 4 * 2000 + 1);
  });

  it('gives its input to rank 0, wherever that is, and to nobody else', async () => {
    using machines = new Machines('a', 'b');
    const input = Buffer.from(Array.from({ length: 3 << 20 }, (_, i) => (i * 7919) >>> 5));
    const file = join(machines.files, 'input');
    writeFileSync(file, input);
    const digest = createHash('sha256').update(input).digest('hex');
    const sums = await machines.mpirun(1, ['--tag-output', 'sha256sum'], undefined, file);
    const empty = createHash('sha256').digest('hex');
    assert.deepEqual(sums.stdout.trim().split('\n').sort(), [`[0] ${digest}  -`, `[1] ${empty}  -`]);
    const echoed = await machines.mpirun(1, ['sh', '-c', 'test $PMI_RANK = 1 || cat'], undefined, file);
    assert.equal(createHash('sha256').update(echoed.bytes).digest('hex'), digest);
  });

  it('ends with the status of a rank that fails on another host, and says which', async () => {
    using machines = new Machines('a', 'b');
    const fail = `${tellDirectory}; if [ $PMI_RANK = 3 ]; then exit 7; fi; sleep 60`;
    const { status, stdout, stderr } = await machines.mpirun(2, ['sh', '-c', fail]);
    assert.equal(status, 7);
    assert.equal(calm(stderr), 'ipscsi: rank 3 ended with exit status 7; the job ends\n');
    assert.deepEqual(directories(stdout).left, []);
    const aborted = await machines.mpirun(2, [program('meet'), '1', '10', 'abort']);
    assert.deepEqual(
      [aborted.status, calm(aborted.stderr)],
      [9, 'ipscsi: rank 3 called abort with 9; the job ends\n'],
    );
    const left = await machines.mpirun(2, [program('meet'), '1', '10', 'leave']);
    assert.equal(left.status, 1);
    assert.match(left.stderr, /rank 3 ended with exit status 0 without mpi.finalize\(\); the job ends/);
  });

  it('ends in order when an agent is killed, and names its host', async () => {
    using machines = new Machines('a', 'b');
    const { status, stderr, told, family } = await interrupted(machines, (_, [, second]) =>
      process.kill(second as number, 'SIGKILL'),
    );
    assert.deepEqual([status, told.length, family.length >= 6], [1, 2, true]);
    assert.equal(
      stderr,
      'ipscsi: host b: its agent, or the way to it, ended with signal SIGKILL; the job ends\n',
    );
    await mpirun(['-n', '1', 'true']); // which tidies up
    assert.deepEqual(directories(told.map((path) => `directory ${path}`).join('\n')).left, []);
  });

  it('ends in order when an agent is told to end', async () => {
    using machines = new Machines('a', 'b');
    const { status, stderr, left } = await interrupted(machines, (_, [first]) =>
      process.kill(first as number, 'SIGTERM'),
    );
    assert.deepEqual([status, left], [1, []]);
    assert.equal(stderr, 'ipscsi: host a: its agent was told to end (SIGTERM); the job ends\n');
  });

  it('does not wait for ever for an agent that does nothing any more', async () => {
    using machines = new Machines('a', 'b');
    const { status, stderr } = await interrupted(machines, (pid, [, second]) => {
      process.kill(second as number, 'SIGSTOP');
      process.kill(pid, 'SIGTERM');
    });
    assert.equal(status, 143);
    assert.equal(stderr, 'ipscsi: SIGTERM: the job ends\nipscsi: nothing is known of the end of rank 2, 3\n');
  });

  it('that is killed takes agents and ranks along, and nothing is left', async () => {
    using machines = new Machines('a', 'b');
    const { status, told } = await interrupted(machines, (pid) => process.kill(pid, 'SIGKILL'));
    assert.equal(status, null);
    assert.equal(told.length, 2);
    const text = told.map((path) => `directory ${path}`).join('\n');
    await until('the directories are gone', () => directories(text).left.length === 0);
  });

  it('names a rank that was killed, and takes along what that rank had started', async () => {
    using machines = new Machines('a', 'b');
    const kill = (_: number, [, second]: readonly number[]) => {
      const [, rank] = childrenOf(second as number);
      process.kill(rank as number, 'SIGKILL');
    };
    const command = ['sh', '-c', `${tellDirectory}; echo waits; sleep 60`];
    const { status, stderr, left } = await interrupted(machines, kill, command);
    assert.deepEqual([status, left], [137, []]);
    assert.equal(stderr, 'ipscsi: rank 3 ended with signal SIGKILL; the job ends\n');
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    it(`takes all along on ${signal}, also ranks that don't listen`, async () => {
      using machines = new Machines('a', 'b');
      const deaf = `trap '' TERM; ${tellDirectory}; echo waits; while :; do sleep 1; done`;
      const { status, stderr, left } = await interrupted(machines, (pid) => process.kill(pid, signal), [
        'sh',
        '-c',
        deaf,
      ]);
      assert.deepEqual([status, left, stderr], [code, [], `ipscsi: ${signal}: the job ends\n`]);
    });

  it('ends a job whose time is over', async () => {
    using machines = new Machines('a', 'b');
    const { status, stdout, stderr } = await machines.mpirun(1, [
      ...['--timeout', '2', 'sh', '-c', `${tellDirectory}; sleep 60`],
    ]);
    assert.deepEqual([status, directories(stdout).left], [124, []]);
    assert.match(stderr, /the job's 2 s are over:/);
  });

  it('explains a deadlock across hosts, by itself and when asked', async () => {
    using machines = new Machines('a', 'b');
    const { status, stderr } = await machines.mpirun(
      2,
      ['--watchdog', '1', program('pretend')],
      whenWaiting(4, async (pid, output) => {
        await until('the watchdog barks', () => output().includes('no rank has moved for 1 s'), 20_000);
        process.kill(pid, 'SIGQUIT');
        await until('it explains', () => output().includes('what each rank does:'));
        process.kill(pid, 'SIGTERM');
      }),
    );
    assert.equal(status, 143);
    const circle =
      'deadlock: rank 0 waits for rank 1, rank 1 waits for rank 2, rank 2 waits for rank 3, rank 3 waits for rank 0';
    assert.equal(stderr.split(circle).length, 3, stderr);
    assert.match(stderr, /rank 3: recv from rank 0, tag 7, 1 bytes \(pretend:1:1\)/);
  });

  it('starts nothing anywhere when a host cannot be reached', async () => {
    using machines = new Machines('a', 'b');
    const args = [...machines.launch, '--host', 'a,nowhere', 'sh', '-c', 'echo started'];
    const { status, stdout, stderr } = await mpirun(args);
    assert.deepEqual([status, stdout], [5, '']);
    assert.match(
      stderr,
      /host nowhere: no agent could be started: sh ended with exit status 9: no machine is called nowhere/,
    );
    const gone = await mpirun([...machines.launch, '--host', 'a,b', '--wdir', '/no/such', 'true']);
    assert.equal(gone.status, 2);
    assert.match(gone.stderr, /host [ab]: there is no directory \/no\/such; .*--wdir/);
    const unready = await mpirun([
      ...machines.launch,
      '--host',
      'a',
      '--remote-command',
      '/no/ipscsi',
      'true',
    ]);
    assert.equal(unready.status, 5);
    assert.match(unready.stderr, /\/no\/ipscsi.*--remote-command says how ipscsi is called there/);
  });

  it('says what it waits for when a host takes its time, and what is wrong with an agent of another version', async () => {
    using machines = new Machines('a');
    const words = join(machines.files, 'words');
    const hello = encodeMessage({ is: 'hello', version: '0.0.1', node: 'v20', host: 'a' });
    writeFileSync(words, Buffer.concat([greeting, hello]));
    const old = await mpirun(['--host', 'a', '--launch-agent', `sh -c 'cat ${words}' {host}`, 'true']);
    assert.equal(old.status, 7);
    assert.match(
      calm(old.stderr),
      /^ipscsi: host a has ipscsi 0\.0\.1, this one .*; expected the same version/,
    );
    // A shell that waits for the launcher to say that it waits.
    const waits = await machines.mpirun(
      undefined,
      ['--host', 'a', '--launch-agent', "sh -c 'read word' {host}", 'true'],
      (pid, output) =>
        void until('it says so', () => output().includes('waiting for host a')).then(() =>
          process.kill(pid, 'SIGINT'),
        ),
    );
    assert.equal(waits.status, 130);
    assert.equal(waits.stderr, 'ipscsi: waiting for host a\nipscsi: SIGINT: the job ends\n');
  });

  it('ends a job whose ranks wait for one that has ended', async () => {
    using machines = new Machines('a', 'b');
    const some = 'test $PMI_RANK = 2 || exec "$0" "$@"';
    const { status, stderr } = await machines.mpirun(2, [
      'sh',
      '-c',
      some,
      process.execPath,
      program('meet'),
    ]);
    assert.equal(status, 1);
    assert.equal(calm(stderr), 'ipscsi: rank 2 has ended, and others wait to meet it; the job ends\n');
  });

  it('binds ranks to processors on each host anew', async () => {
    using machines = new Machines('a', 'b');
    const list = 'sed -n "s/^Cpus_allowed_list:[[:space:]]*//p" /proc/self/status';
    const { stdout } = await machines.mpirun(1, ['--bind-to', 'core', 'sh', '-c', list]);
    const [first, second] = stdout.trim().split('\n');
    assert.match(first ?? '', /^\d+$/);
    assert.equal(first, second);
  });
});
