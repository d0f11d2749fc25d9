/** Heat spreads over a plate: a 2-D grid of ranks, each with a tile and a halo that neighbours fill. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const dims = mpi.dimsCreate(world.size, [0, 0]);
const grid = mpi.cartCreate(world, dims);
assert.ok(grid);
const [tilesDown = 1, tilesAcross = 1] = dims;
const [tileRow = 0, tileColumn = 0] = grid.coords();
const side = 48;
const [rows, columns] = [Math.floor(side / tilesDown), Math.floor(side / tilesAcross)];
const [height, width] = [rows * tilesDown, columns * tilesAcross];
const stride = columns + 2;
const { source: north, dest: south } = grid.shift(0);
const { source: west, dest: east } = grid.shift(1);

/** The plate's upper edge is hot, the others are cold. */
let plate = new Float64Array((rows + 2) * stride);
if (tileRow === 0) plate.fill(100, 0, stride);
let next = plate.slice();
const column = (at: number) =>
  Float64Array.from({ length: rows }, (_, i) => plate[(i + 1) * stride + at] ?? 0);
const setColumn = (at: number, values: Float64Array) => {
  for (let i = 0; i < rows; i++) plate[(i + 1) * stride + at] = values[i] ?? 0;
};

function exchange(): void {
  const row = (i: number) => plate.subarray(i * stride + 1, i * stride + 1 + columns);
  grid?.sendrecv(row(rows), south, 0, row(0), north, 0);
  grid?.sendrecv(row(1), north, 1, row(rows + 1), south, 1);
  const [left, right] = [column(0), column(columns + 1)];
  grid?.sendrecv(column(columns), east, 2, left, west, 2);
  grid?.sendrecv(column(1), west, 3, right, east, 3);
  setColumn(0, left);
  setColumn(columns + 1, right);
}

function step(): void {
  for (let i = 1; i <= rows; i++)
    for (let j = 1; j <= columns; j++) {
      const at = i * stride + j;
      const around =
        (plate[at - 1] ?? 0) + (plate[at + 1] ?? 0) + (plate[at - stride] ?? 0) + (plate[at + stride] ?? 0);
      next[at] = around / 4;
    }
  [plate, next] = [next, plate];
}

const steps = 60;
for (let i = 0; i < steps; i++) {
  exchange();
  step();
}

/** The same on the whole plate at once. */
function alone(): Float64Array {
  const across = width + 2;
  let now = new Float64Array((height + 2) * across).fill(100, 0, across);
  let then = now.slice();
  for (let n = 0; n < steps; n++) {
    for (let i = 1; i <= height; i++)
      for (let j = 1; j <= width; j++) {
        const at = i * across + j;
        then[at] =
          ((now[at - 1] ?? 0) + (now[at + 1] ?? 0) + (now[at - across] ?? 0) + (now[at + across] ?? 0)) / 4;
      }
    [now, then] = [then, now];
  }
  return now;
}

const expected = alone();
for (let i = 1; i <= rows; i++)
  for (let j = 1; j <= columns; j++) {
    const there = (tileRow * rows + i) * (width + 2) + tileColumn * columns + j;
    assert.ok(Math.abs((plate[i * stride + j] ?? 0) - (expected[there] ?? 0)) < 1e-9);
  }
const warmest = world.allreduce(Math.max(...plate.subarray(stride, (rows + 1) * stride)), mpi.MAX);
if (world.rank === 0)
  console.log(`${dims.join(' × ')} tiles, ${height} × ${width} points, warmest ${warmest.toFixed(2)}`);
mpi.finalize();
