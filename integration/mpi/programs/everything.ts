/** Every kind of call between real processes; run with any number of ranks. */

import assert from 'node:assert/strict';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const [next, before] = [(rank + 1) % size, (rank + size - 1) % size];
const fill = (length: number, seed: number) => Float64Array.from({ length }, (_, i) => seed * 1000 + i);

// Sizes around every threshold, from memory of both kinds, in every mode.
for (const length of [0, 1, 28, 29, 30, 2047, 2048, 2049, 4096, 100_000]) {
  const [out, back] = [fill(length, rank), new Float64Array(length)];
  const { source, tag, bytes } = world.sendrecv(out, next, 5, back, before, 5);
  assert.deepEqual([source, tag, bytes, back], [before, 5, 8 * length, fill(length, before)]);
  const ours = mpi.alloc(Float64Array, length);
  ours.set(out);
  const receive = world.irecv(back.fill(0), before, 6);
  world.issend(ours, next, 6).wait();
  receive.wait();
  assert.deepEqual(back, fill(length, before));
  world.bsend(out, next, 7);
  world.recv(back.fill(0), before, 7);
  assert.deepEqual(back, fill(length, before));
  // Synchronous and ready, into receives that are posted.
  for (const send of ['ssend', 'rsend'] as const) {
    const posted = world.irecv(back.fill(0), before, 8);
    world.barrier();
    world[send](out, next, 8);
    assert.equal(posted.wait().bytes, 8 * length);
    assert.deepEqual(back, fill(length, before));
  }
}

// Many unexpected messages, long and short; received in another order.
const many = 40;
const requests = [];
for (let i = 0; i < many; i++) {
  requests.push(world.isend(fill(i % 2 ? 5000 : 3, i), next, i));
}
for (let i = many - 1; i >= 0; i--) {
  const back = new Float64Array(i % 2 ? 5000 : 3);
  world.recv(back, before, i);
  assert.deepEqual(back, fill(back.length, i));
}
mpi.waitAll(requests);

// Probes, matched probes, objects, cancel.
world.sendObject({ from: rank, list: new Map([[1, 'one']]) }, next, 1);
assert.ok(world.probe(before, 1).bytes > 0);
assert.deepEqual(world.recvObject(before, 1), { from: before, list: new Map([[1, 'one']]) });
const never = world.irecv(new Uint8Array(1), before, 99);
never.cancel();
assert.ok(never.wait().cancelled);

// Errors are MPI's classes.
world.send(new Uint8Array(100), next, 3);
assert.throws(() => world.recv(new Uint8Array(10), before, 3), { errorClass: 'ERR_TRUNCATE' });
assert.throws(() => world.send(new Uint8Array(1), size, 3), { errorClass: 'ERR_RANK' });
assert.throws(() => world.send(new Uint8Array(1), next, -5), { errorClass: 'ERR_TAG' });

// Communicators and groups.
const half = world.split(rank % 2, -rank);
assert.ok(half);
assert.equal(half.size, Math.ceil((size - (rank % 2)) / 2));
assert.equal(half.allreduce(1, mpi.SUM), half.size);
assert.equal(world.compare(world.dup()), 'congruent');
const shared = world.splitType('shared');
assert.equal(shared.size, Number(process.env['SHARED'] ?? size));
const first = world.create(world.group.include([0]));
assert.equal(first?.size, rank === 0 ? 1 : undefined);
const key = mpi.createKeyval<number>((value) => value + 1);
world.setAttribute(key, 1);
assert.equal(world.dup().getAttribute(key), 2);
const line = mpi.cartCreate(world, [size], [true]);
assert.deepEqual(line?.shift(0), { source: before, dest: next });
const grid = mpi.cartCreate(world, mpi.dimsCreate(size, [0, 0]), [true, false]);
assert.ok(grid);
const [[rows = 0, columns = 0], [row = 0, column = 0]] = [grid.dims, grid.coords()];
const [ourRow, ourColumn] = [grid.sub([false, true]), grid.sub([true, false])];
assert.deepEqual([ourRow.dims, ourRow.periodic, ourRow.coords()], [[columns], [false], [column]]);
assert.deepEqual([ourColumn.dims, ourColumn.periodic, ourColumn.coords()], [[rows], [true], [row]]);
assert.equal(ourRow.allreduce(rank, mpi.SUM), columns * row * columns + (columns * (columns - 1)) / 2);
assert.equal(ourColumn.allreduce(rank, mpi.SUM), rows * column + (columns * rows * (rows - 1)) / 2);
assert.deepEqual([grid.sub([true, true]).size, grid.sub([false, false]).dims], [size, []]);

// Collectives of all sizes, blocking and not, and awaited.
for (const length of [1, 1000, 70_000]) {
  const ours = new Float64Array(length).fill(rank + 1);
  const total = (size * (size + 1)) / 2;
  assert.equal(world.allreduce(ours, mpi.SUM)[length - 1], total);
  const [sums, copy] = [new Float64Array(length), new Float64Array(length)];
  await Promise.all([world.iallreduce(ours, sums, mpi.SUM), world.ibarrier()]);
  assert.equal(sums[0], total);
  if (rank === 0) copy.set(sums);
  world.bcast(copy);
  assert.deepEqual(copy, sums);
}

world.barrier();
if (rank === 0) console.log(`all well with ${size}`);
mpi.finalize();
