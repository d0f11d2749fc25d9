/** Matrix product by Cannon's algorithm on a torus of q × q ranks; ranks beyond the greatest square watch. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const q = Math.floor(Math.sqrt(world.size));
const torus = mpi.cartCreate(world, [q, q], [true, true]);
const n = 24;
const full = 24 * q;
const elementA = (i: number, j: number) => ((i * 7 + j * 3) % 11) - 5;
const elementB = (i: number, j: number) => ((i * 5 + j * 2) % 13) - 6;

if (torus) {
  const [row = 0, column = 0] = torus.coords();
  const tile = (element: (i: number, j: number) => number) =>
    Float64Array.from({ length: n * n }, (_, k) =>
      element(row * n + Math.floor(k / n), column * n + (k % n)),
    );
  const [a, b, c] = [tile(elementA), tile(elementB), new Float64Array(n * n)];
  const roll = (tileOf: Float64Array, dimension: number, by: number) => {
    const { source, dest } = torus.shift(dimension, by);
    torus.sendrecvReplace(tileOf, dest, dimension, source, dimension);
  };
  roll(a, 1, -row);
  roll(b, 0, -column);
  for (let step = 0; step < q; step++) {
    for (let i = 0; i < n; i++)
      for (let k = 0; k < n; k++)
        for (let j = 0; j < n; j++)
          c[i * n + j] = (c[i * n + j] ?? 0) + (a[i * n + k] ?? 0) * (b[k * n + j] ?? 0);
    roll(a, 1, -1);
    roll(b, 0, -1);
  }
  const expected = tile((i, j) => {
    let sum = 0;
    for (let k = 0; k < full; k++) sum += elementA(i, k) * elementB(k, j);
    return sum;
  });
  assert.deepEqual(c, expected);
  if (world.rank === 0) console.log(`${full} × ${full} on ${q} × ${q} ranks`);
}
mpi.finalize();
