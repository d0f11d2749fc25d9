import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { example, program } from './job.ts';
import { noSlurm, Slurm } from './slurm.ts';

describe('srun', { skip: noSlurm }, () => {
  let slurm: Slurm;
  before(async () => {
    slurm = await Slurm.open();
  });
  after(() => slurm?.[Symbol.asyncDispose]());

  /** Quiet: a job may have to wait until the last one's processors are free, and srun tells of that. */
  const srun = (...args: string[]) => slurm.run('srun', '-Q', ...args);
  /** Directories of buses that jobs left in the node's own /dev/shm. */
  const left = async () => (await slurm.run('ls', '/dev/shm')).stdout;

  for (const kind of ['pmi2', 'none'])
    for (const name of ['pi', 'heat', 'sample-sort', 'life'])
      it(`--mpi=${kind} runs example ${name} unchanged, on 4 ranks`, async () => {
        const { status, stdout, stderr } = await srun(
          `--mpi=${kind}`,
          '-n',
          '4',
          process.execPath,
          example(name),
        );
        assert.deepEqual([status, stderr, await left()], [0, '', '']);
        assert.notEqual(stdout, '');
      });

  it('--mpi=pmi2 starts 8 ranks and runs every kind of call', async () => {
    const { status, stdout, stderr } = await srun(
      '--mpi=pmi2',
      '-n',
      '8',
      process.execPath,
      program('everything'),
    );
    assert.deepEqual([status, stdout, stderr, await left()], [0, 'all well with 8\n', '', '']);
  });

  it('runs two jobs at once, each on its own bus', async () => {
    const jobs = await Promise.all(
      ['2', '3'].map((ranks) => srun('--mpi=pmi2', '-n', ranks, process.execPath, program('everything'))),
    );
    assert.deepEqual(jobs.map(({ status, stdout }) => [status, stdout]).sort(), [
      [0, 'all well with 2\n'],
      [0, 'all well with 3\n'],
    ]);
    assert.equal(await left(), '');
  });

  it('ends the job when a rank aborts; what killed ranks left goes with the next job', async () => {
    const { status, stderr } = await srun('--mpi=pmi2', '-n', '3', process.execPath, program('die'), 'abort');
    assert.notEqual(status, 0);
    assert.match(stderr, /rank 2: abort was called; ending the job/);
    await srun('--mpi=pmi2', '-n', '2', process.execPath, example('pi'));
    assert.equal(await left(), '');
  });

  it('ends every rank when one is killed', async () => {
    const { status, stderr } = await srun('--mpi=pmi2', '-n', '3', process.execPath, program('die'), 'kill');
    assert.notEqual(status, 0);
    assert.match(stderr, /rank 2/);
    await srun('--mpi=none', '-n', '1', process.execPath, example('pi'));
    assert.equal(await left(), '');
  });
});
