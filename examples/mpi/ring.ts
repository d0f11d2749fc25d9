/** A token goes around all ranks and grows at each. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const token = new Int32Array(1);
const next = (rank + 1) % size;
for (let lap = 0; lap < 10; lap++) {
  if (rank === 0) {
    const request = world.isend(token, next, lap);
    const came = new Int32Array(1);
    world.recv(came, size - 1, lap);
    request.wait();
    token.set(came);
    assert.equal(token[0], (lap + 1) * (size - 1));
  } else {
    const { source } = world.recv(token, mpi.ANY_SOURCE, lap);
    assert.equal(source, rank - 1);
    token[0] = (token[0] ?? 0) + 1;
    world.send(token, next, lap);
  }
}
if (rank === 0) console.log(`the token is ${token[0]}`);
mpi.finalize();
