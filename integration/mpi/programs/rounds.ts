/** Rounds of messages, short and long, each looked at: `rounds ROUNDS DOUBLES`. Says which round it is, and who the ranks are. */

import assert from 'node:assert/strict';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const [rounds = 1, length = 1] = process.argv.slice(2).map(Number);
const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
console.log(`rank ${rank} is process ${process.pid}`);
world.barrier();

const sent = new Float64Array(length);
const got = new Float64Array(length);
for (let round = 0; round < rounds; round++) {
  sent.forEach((_, i) => {
    sent[i] = round * 1e6 + rank * 1e3 + i;
  });
  world.sendrecv(sent, next, round, got, before, round);
  const first = round * 1e6 + before * 1e3;
  assert.ok(
    got.every((value, i) => value === first + i),
    `round ${round}`,
  );
  assert.equal(world.allreduce(rank + round, mpi.SUM), (size * (size - 1)) / 2 + size * round);
  if (rank === 0) console.log(`round ${round}`);
}
world.barrier();
if (rank === 0) console.log(`${rounds} rounds are over`);
mpi.finalize();
