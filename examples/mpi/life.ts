/** Conway's game of life on a torus, in bands of rows; a glider comes back to where it was. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const rows = 12;
const height = rows * size;
const width = height;
let band = new Uint8Array((rows + 2) * width);
const glider = [
  [0, 1],
  [1, 2],
  [2, 0],
  [2, 1],
  [2, 2],
];
for (const [y = 0, x = 0] of glider) if (rank === 0) band[(y + 1) * width + x] = 1;
const start = band.slice(width, (rows + 1) * width);
const [up, down] = [(rank + size - 1) % size, (rank + 1) % size];

// The same exchange in every generation: persistent requests.
let next = new Uint8Array(band.length);
const edges = {
  first: new Uint8Array(width),
  last: new Uint8Array(width),
  above: new Uint8Array(width),
  below: new Uint8Array(width),
};
const exchange = [
  world.recvInit(edges.above, up, 0),
  world.recvInit(edges.below, down, 1),
  world.sendInit(edges.last, down, 0),
  world.sendInit(edges.first, up, 1),
];

function generation(): void {
  edges.first.set(band.subarray(width, 2 * width));
  edges.last.set(band.subarray(rows * width, (rows + 1) * width));
  for (const request of exchange) request.start();
  mpi.waitAll(exchange);
  band.set(edges.above);
  band.set(edges.below, (rows + 1) * width);
  for (let y = 1; y <= rows; y++)
    for (let x = 0; x < width; x++) {
      const around = neighbours(y, x);
      next[y * width + x] = around === 3 || (around === 2 && band[y * width + x] === 1) ? 1 : 0;
    }
  [band, next] = [next, band];
}

function neighbours(y: number, x: number): number {
  let around = -(band[y * width + x] ?? 0);
  for (const dy of [-1, 0, 1])
    for (const dx of [-1, 0, 1]) around += band[(y + dy) * width + ((x + dx + width) % width)] ?? 0;
  return around;
}

// A glider moves by one in both directions in four generations.
for (let i = 0; i < 4 * height; i++) generation();
assert.deepEqual(band.slice(width, (rows + 1) * width), start);
const living = world.allreduce(
  band.subarray(width, (rows + 1) * width).reduce((a, b) => a + b, 0),
  mpi.SUM,
);
assert.equal(living, 5);
if (rank === 0) console.log(`${4 * height} generations on ${height} × ${width}`);
mpi.finalize();
