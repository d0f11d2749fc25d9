/** Two ranks throw a message to and fro; the others watch. Tells the time of a throw. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const throws = 1000;
const ball = new Int32Array(1);
if (world.size > 1 && world.rank < 2) {
  const other = 1 - world.rank;
  const start = mpi.wtime();
  for (let i = 0; i < throws; i++) {
    if (world.rank === 0) world.send(ball, other);
    world.recv(ball, other);
    assert.equal(ball[0], 2 * i + (world.rank === 0 ? 1 : 0));
    ball[0] = (ball[0] ?? 0) + 1;
    if (world.rank === 1) world.send(ball, other);
  }
  const microseconds = ((mpi.wtime() - start) / throws / 2) * 1e6;
  if (world.rank === 0) console.log(`${microseconds.toFixed(2)} µs per throw`);
}
mpi.finalize();
