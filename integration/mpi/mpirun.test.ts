import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorClass } from '../../src/mpi/errors.ts';
import { example, examples, mpirun, program } from './job.ts';

describe('ipscsi mpirun', () => {
  for (const ranks of [1, 2, 3, 4, 7, 16]) {
    it(`runs every kind of call with ${ranks} ranks`, async () => {
      const { status, stdout, stderr, left } = await mpirun(['-np', String(ranks), program('everything')]);
      assert.deepEqual([status, stdout, stderr, left], [0, `all well with ${ranks}\n`, '', []]);
    });
  }

  for (const ranks of ['1', '2', '3', '4', '8'])
    it(`runs short collectives, some as requests, with ${ranks} ranks`, async () => {
      // In the second run everything but empty messages is too long to be eager.
      for (const args of [['7'], ['11', '1']]) {
        const { status, stdout, stderr, left } = await mpirun(['-n', ranks, program('short'), ...args]);
        assert.deepEqual([status, stdout, stderr, left], [0, '400 rounds\n', '', []]);
      }
    });

  for (const [ranks, rounds] of [
    [1, 200],
    [2, 200],
    [3, 150],
    [4, 100],
    [7, 50],
    [8, 50],
    [16, 20],
  ])
    it(`gives what a naive reference gives in collectives at random on ${ranks} ranks`, async () => {
      const args = [program('random-collectives'), String(ranks), String(rounds)];
      const { status, stderr, left } = await mpirun(['-n', String(ranks), ...args]);
      assert.deepEqual([status, stderr, left], [0, '', []]);
    });

  for (const name of examples)
    it(`runs example ${name} with 1 to 4 ranks`, async () => {
      for (const ranks of ['1', '2', '3', '4']) {
        const { status, stderr, left } = await mpirun(['-n', ranks, example(name)]);
        assert.deepEqual([ranks, status, stderr, left], [ranks, 0, '', []]);
      }
    });

  it('puts ranks in front of lines, and hands on the environment and arguments', async () => {
    const script = 'console.log(process.env.IPSCSI_TEST, process.argv[1], process.cwd())';
    const args = [
      '-n',
      '2',
      '--tag-output',
      '-x',
      'IPSCSI_TEST=1 2',
      '--wdir',
      '/',
      process.execPath,
      '-e',
      script,
      'x',
    ];
    const { status, stdout } = await mpirun(args);
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['[0] 1 2 x /', '[1] 1 2 x /']);
  });

  const deaths = [
    ['kill', 137, /rank 2 ended with signal SIGKILL; its last call: send to rank 0, tag 7, 800 bytes/],
    ['throw', 1, /rank 2 ended with exit status 1; its last call: send/],
    ['leave', 1, /rank 2 ended with exit status 0 without mpi.finalize\(\)/],
    ['abort', 9, /rank 2 ended with exit status 9/],
    [
      'handler',
      ErrorClass.ERR_RANK,
      /MPI_ERR_RANK: rank 99 is not in a communicator of 3.*rank 2 ended with exit status 6;/s,
    ],
  ] as const;
  for (const [how, code, message] of deaths)
    it(`ends the job when a rank dies: ${how}`, async () => {
      const { status, stderr, left } = await mpirun(['-n', '3', program('die'), how]);
      assert.match(stderr, message);
      assert.deepEqual([status, left], [code, []]);
    });

  it('explains a deadlock, and names its circle', async () => {
    const args = ['--watchdog', '1', '--timeout', '4', '-n', '3', program('deadlock')];
    const { status, stderr, left } = await mpirun(args);
    assert.match(stderr, /no rank has moved for 1 s/);
    assert.match(stderr, /rank 0: recv from rank 1, tag 7, 1 bytes \(.*deadlock\.(?:js|ts):\d+:\d+\)/);
    assert.match(
      stderr,
      /deadlock: rank 0 waits for rank 1, rank 1 waits for rank 2, rank 2 waits for rank 0/,
    );
    assert.deepEqual([status, left], [124, []]);
  });
});
