import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseProcessors } from '../../src/cli/mpirun/binding.ts';
import { until } from '../lab/until.ts';
import { childrenOf, isAlive, whenWaiting } from './family.ts';
import { example, mpirun, program } from './job.ts';

describe('ipscsi mpirun as a launcher', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    it(`takes its ranks along on ${signal}`, async () => {
      let ranks: number[] = [];
      const { status, stderr, left } = await mpirun(
        ['-n', '2', program('deadlock')],
        whenWaiting(2, (pid) => {
          ranks = childrenOf(pid);
          process.kill(pid, signal);
        }),
      );
      assert.equal(ranks.length, 2);
      assert.deepEqual([status, left, ranks.filter(isAlive)], [code, [], []]);
      assert.match(stderr, new RegExp(`${signal}: the job ends`));
    });

  it('that is killed takes its ranks along, and the next one tidies up', async () => {
    let ranks: number[] = [];
    const { status } = await mpirun(
      ['-n', '2', program('deadlock')],
      whenWaiting(2, (pid) => {
        ranks = childrenOf(pid);
        process.kill(pid, 'SIGKILL');
      }),
    );
    assert.equal(status, null);
    assert.equal(ranks.length, 2);
    await until('the ranks are gone', () => !ranks.some(isAlive));
    const next = await mpirun(['-n', '1', 'true']);
    assert.deepEqual([next.status, next.stderr], [0, '']);
  });

  it('explains on SIGQUIT what each rank does, and goes on', async () => {
    const { status, stderr, left } = await mpirun(
      ['--watchdog', '0', '-n', '3', program('deadlock')],
      whenWaiting(3, async (pid, output) => {
        await until('the deadlock is seen', () => {
          process.kill(pid, 'SIGQUIT');
          return output().includes('deadlock: ');
        });
        process.kill(pid, 'SIGTERM');
      }),
    );
    assert.match(stderr, /what each rank does:/);
    assert.match(stderr, /rank 2: recv from rank 0, tag 7, 1 bytes \(.*deadlock\.(?:js|ts):\d+:\d+\)/);
    assert.match(
      stderr,
      /deadlock: rank 0 waits for rank 1, rank 1 waits for rank 2, rank 2 waits for rank 0/,
    );
    assert.deepEqual([status, left], [143, []]);
  });

  it('binds each rank to one of its own processors', async () => {
    const list = 'sed -n "s/^Cpus_allowed_list:[[:space:]]*//p" /proc/self/status';
    const ours = parseProcessors((await mpirun(['-n', '1', 'sh', '-c', list])).stdout);
    const ranks = 2 * ours.length;
    const { status, stdout } = await mpirun([
      '-n',
      String(ranks),
      '--bind-to',
      'core',
      '--tag-output',
      'sh',
      '-c',
      list,
    ]);
    const expected = Array.from({ length: ranks }, (_, rank) => `[${rank}] ${ours[rank % ours.length]}`);
    assert.deepEqual([status, stdout.trim().split('\n').sort()], [0, expected.sort()]);
  });

  it('gives ranks the memory that they are promised', async () => {
    const args = [program('allocate'), String(48 << 20)];
    const enough = await mpirun(['-n', '2', '--memory', '64', ...args]);
    assert.deepEqual([enough.status, enough.stderr], [0, '']);
    const lacking = await mpirun(['-n', '2', ...args]);
    assert.equal(lacking.status, 1);
    assert.match(lacking.stderr, /MPI_ERR_NO_MEM: 50331648 bytes: /);
  });

  it('ends a job whose time is over, and says what it did', async () => {
    const { status, stderr, left } = await mpirun(['--timeout', '1', '-n', '2', 'sleep', '60']);
    assert.deepEqual([status, left], [124, []]);
    assert.match(stderr, /the job's 1 s are over:/);
  });

  it('says which program could not be started', async () => {
    const { status, stderr } = await mpirun(['-n', '1', '/no/such/program']);
    assert.equal(status, 127);
    assert.match(stderr, /\/no\/such\/program/);
  });

  it('names the rank that died first among many that die of it', async () => {
    for (let round = 0; round < 2; round++) {
      const { status, stderr } = await mpirun(['-n', '8', program('chain')]);
      assert.match(stderr, /rank 7 ended with signal SIGKILL; its last call: barrier/);
      assert.equal(status, 137);
    }
  });

  it('shows every message, on standard error or in a file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-trace-'));
    try {
      const message =
        /^\d+\.\d{3} mpi 0 > 1 #\d+ SEND MESSAGE\(10\) .*: eager, context 1, source 0, tag 1, 8 bytes/m;
      const shown = await mpirun(['-n', '2', '--trace', example('pi')]);
      assert.equal(shown.status, 0);
      assert.match(shown.stderr, message);
      const file = join(directory, 'trace');
      const kept = await mpirun(['-n', '2', '--wdir', '/', `--trace=${file}`, example('pi'), '--trace']);
      assert.deepEqual([kept.status, kept.stderr], [0, '']);
      const lines = readFileSync(file, 'utf8');
      assert.match(lines, message);
      assert.match(lines, / mpi 1 > 0 #\d+ SEND MESSAGE/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
