import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { missing } from '../lab/processes.ts';
import { mpirun, program, run } from './job.ts';

/** What differs by design: the names of jobs, longer values, a number of slots that Hydra does not tell. */
const plain = (talk: string) =>
  talk
    .replace(/kvsname=\S+/g, 'kvsname=NAME')
    .replace(/vallen_max=\d+/, 'vallen_max=N')
    .replace(/universe_size size=-?\d+/, 'universe_size size=N');

const source = `
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  int rank, size, sum;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (argc > 1 && rank == size - 1) MPI_Abort(MPI_COMM_WORLD, atoi(argv[1]));
  if (argc > 1) MPI_Barrier(MPI_COMM_WORLD);
  printf("rank %d of %d: %d\\n", rank, size, sum);
  MPI_Finalize();
  return 0;
}
`;

describe('the process manager of ipscsi mpirun', () => {
  it("answers what MPICH's Hydra answers", { skip: missing('mpiexec.hydra') }, async () => {
    const hydra = await run('mpiexec.hydra', ['-n', '2', process.execPath, program('ask')]);
    const ours = await mpirun(['--host', 'localhost:2', program('ask')]);
    assert.deepEqual([hydra.status, ours.status], [0, 0], ours.stderr);
    assert.ok(hydra.stdout.split('\n').length > 20);
    // Which ranks share a host is told in many ways: Hydra counts hosts as often as it comes to them.
    const mapping = /value=\(vector,.*\)/;
    assert.match(ours.stdout, /value=\(vector,\(0,1,2\)\)/);
    assert.match(hydra.stdout, mapping);
    assert.equal(plain(ours.stdout).replace(mapping, ''), plain(hydra.stdout).replace(mapping, ''));
  });

  it('starts programs of MPICH', { skip: missing('mpicc.mpich') }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ipscsi-mpich-'));
    try {
      const binary = join(directory, 'sum');
      writeFileSync(`${binary}.c`, source);
      execFileSync('mpicc.mpich', ['-o', binary, `${binary}.c`]);
      const summed = await mpirun(['--host', 'localhost:3', binary]);
      assert.equal(summed.status, 0, summed.stderr);
      const expected = [0, 1, 2].map((rank) => `rank ${rank} of 3: 3`);
      assert.deepEqual(summed.stdout.trim().split('\n').sort(), expected);
      const aborted = await mpirun(['--host', 'localhost:3', binary, '9']);
      assert.equal(aborted.status, 9, aborted.stderr);
      assert.match(aborted.stderr, /rank 2 called abort with 9; the job ends/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
