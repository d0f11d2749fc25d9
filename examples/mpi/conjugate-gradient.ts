/** Solves a sparse system (the 1-D Laplacian, a bit heavier on the diagonal) by conjugate gradients; each rank has some of the rows. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const rows = 120;
const n = rows * size;
const [left, right] = [rank > 0 ? rank - 1 : mpi.PROC_NULL, rank < size - 1 ? rank + 1 : mpi.PROC_NULL];

/** Our rows of A · x. */
function multiply(x: Float64Array): Float64Array {
  const [before, after] = [new Float64Array(1), new Float64Array(1)];
  world.sendrecv(x.subarray(rows - 1), right, 0, before, left, 0);
  world.sendrecv(x.subarray(0, 1), left, 1, after, right, 1);
  return x.map((value, i) => 2.1 * value - (x[i - 1] ?? before[0] ?? 0) - (x[i + 1] ?? after[0] ?? 0));
}

const dot = (a: Float64Array, b: Float64Array) =>
  world.allreduce(
    a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0),
    mpi.SUM,
  );
const plus = (a: Float64Array, factor: number, b: Float64Array) =>
  a.map((value, i) => value + factor * (b[i] ?? 0));

const solution = Float64Array.from({ length: rows }, (_, i) => Math.sin((rank * rows + i) / 10));
const b = multiply(solution);
let x = new Float64Array(rows);
let residual = b.slice();
let direction = residual.slice();
let error = dot(residual, residual);
let steps = 0;
for (; error > 1e-20 && steps < n; steps++) {
  const image = multiply(direction);
  const alpha = error / dot(direction, image);
  x = plus(x, alpha, direction);
  residual = plus(residual, -alpha, image);
  const smaller = dot(residual, residual);
  direction = plus(residual, smaller / error, direction);
  error = smaller;
}
const worst = world.allreduce(
  Math.max(...x.map((value, i) => Math.abs(value - (solution[i] ?? 0)))),
  mpi.MAX,
);
assert.ok(worst < 1e-8, `off by ${worst}`);
if (rank === 0) console.log(`${n} unknowns in ${steps} steps`);
mpi.finalize();
