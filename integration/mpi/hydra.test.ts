import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { missing } from '../lab/processes.ts';
import { example, examples, program, run } from './job.ts';

/** Hydra calls a job's key-value space kvs_…, and our bus after it. */
const busesOfHydra = () => {
  try {
    return readdirSync(`/dev/shm/ipscsi.${process.geteuid?.() ?? 0}`).filter((name) => /kvs_/.test(name));
  } catch {
    return [];
  }
};

describe("MPICH's Hydra", { skip: missing('mpiexec.hydra') }, () => {
  const mpiexec = (...args: string[]) => run('mpiexec.hydra', args);

  for (const name of examples)
    it(`runs example ${name} unchanged`, async () => {
      const { status, stderr } = await mpiexec('-n', '4', process.execPath, example(name));
      assert.deepEqual([status, stderr], [0, '']);
    });

  // Hydra speaks the version that a rank asks for; a job's ID in the environment asks for 2.
  for (const [version, offer] of [
    ['1', []],
    ['2', ['-genv', 'PMI_JOBID', 'any']],
  ] as const)
    it(`runs every kind of call with 7 ranks through PMI-${version}`, async () => {
      const { status, stdout, stderr } = await mpiexec(
        ...offer,
        '-n',
        '7',
        process.execPath,
        program('everything'),
      );
      assert.deepEqual([status, stdout, stderr], [0, 'all well with 7\n', '']);
    });

  it('ends the job when a rank dies or aborts, and nothing stays behind', async () => {
    const killed = await mpiexec('-n', '3', process.execPath, program('die'), 'kill');
    assert.notEqual(killed.status, 0);
    const aborted = await mpiexec('-n', '3', process.execPath, program('die'), 'abort');
    assert.equal(aborted.status, 9);
    assert.match(aborted.stderr, /rank 2: abort was called; ending the job/);
    await mpiexec('-n', '1', process.execPath, example('pi')); // which tidies up after ranks that Hydra killed
    assert.deepEqual(busesOfHydra(), []);
  });

  it('is told that its port is not spoken to', async () => {
    const { status, stderr } = await mpiexec('-pmi-port', '-n', '2', process.execPath, example('pi'));
    assert.notEqual(status, 0);
    assert.match(stderr, /the process manager offers a port .* start without -pmi-port/);
  });
});
