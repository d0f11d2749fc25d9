/** Sorts numbers that are spread over the ranks: samples choose the splitters, one alltoallv brings each number to its rank. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const each = 5000;
let state = rank * 7919 + 1;
const numbers = Uint32Array.from({ length: each }, () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state % 1_000_000;
}).sort();

const samples = Uint32Array.from({ length: size }, (_, i) => numbers[Math.floor((i * each) / size)] ?? 0);
const all = new Uint32Array(size * size);
world.allgather(samples, all);
all.sort();
const splitters = Array.from({ length: size - 1 }, (_, i) => all[(i + 1) * size] ?? 0);

const sendCounts = new Int32Array(size);
for (const number of numbers) {
  const to = splitters.findIndex((splitter) => number < splitter);
  const dest = to < 0 ? size - 1 : to;
  sendCounts[dest] = (sendCounts[dest] ?? 0) + 1;
}
const recvCounts = new Int32Array(size);
world.alltoall(sendCounts, recvCounts);
const mine = new Uint32Array(recvCounts.reduce((a, b) => a + b, 0));
world.alltoallv(numbers, [...sendCounts], mine, [...recvCounts]);
mine.sort();

const least = new Uint32Array(1);
const [before, after] = [rank > 0 ? rank - 1 : mpi.PROC_NULL, rank < size - 1 ? rank + 1 : mpi.PROC_NULL];
world.sendrecv(Uint32Array.of(mine.at(-1) ?? 0), after, 0, least, before, 0);
if (mine.length > 0 && rank > 0) assert.ok((least[0] ?? 0) <= (mine[0] ?? 0), 'ranks are in order');
const sum = (list: Uint32Array) => list.reduce((a, b) => a + b, 0);
assert.equal(world.allreduce(sum(mine), mpi.SUM), world.allreduce(sum(numbers), mpi.SUM));
const count = world.allreduce(mine.length, mpi.SUM);
assert.equal(count, each * size);
if (rank === 0) console.log(`${count} numbers sorted`);
mpi.finalize();
