/** A 2-D Fourier transform: rows, a transposition by alltoall, rows again. There and back gives the picture again. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const n = 64;
// Ranks beyond the greatest power of two watch.
const workers = 2 ** Math.floor(Math.log2(size));
const team = world.split(rank < workers ? 0 : mpi.UNDEFINED);

/** In place; `data` holds n complex numbers. */
function fft(data: Float64Array, inverse: boolean): void {
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j)
      for (const k of [0, 1]) {
        const one = data[2 * i + k] ?? 0;
        data[2 * i + k] = data[2 * j + k] ?? 0;
        data[2 * j + k] = one;
      }
  }
  for (let length = 2; length <= n; length *= 2)
    for (let start = 0; start < n; start += length) butterflies(data, start, length, inverse);
}

function butterflies(data: Float64Array, start: number, length: number, inverse: boolean): void {
  const angle = ((inverse ? 2 : -2) * Math.PI) / length;
  for (let k = 0; k < length / 2; k++) {
    const [cos, sin] = [Math.cos(angle * k), Math.sin(angle * k)];
    const [i, j] = [2 * (start + k), 2 * (start + k + length / 2)];
    const [re, im] = [data[j] ?? 0, data[j + 1] ?? 0];
    const [x, y] = [re * cos - im * sin, re * sin + im * cos];
    data[j] = (data[i] ?? 0) - x;
    data[j + 1] = (data[i + 1] ?? 0) - y;
    data[i] = (data[i] ?? 0) + x;
    data[i + 1] = (data[i + 1] ?? 0) + y;
  }
}

if (team) {
  const rows = n / workers;
  /** Each rank gets the columns that are its rows afterwards. */
  const transpose = (tile: Float64Array): Float64Array => {
    const out = new Float64Array(tile.length);
    for (let to = 0, at = 0; to < workers; to++)
      for (let j = to * rows; j < (to + 1) * rows; j++)
        for (let i = 0; i < rows; i++, at += 2)
          out.set(tile.subarray(2 * (i * n + j), 2 * (i * n + j) + 2), at);
    const came = new Float64Array(tile.length);
    team.alltoall(out, came);
    const result = new Float64Array(tile.length);
    for (let from = 0, at = 0; from < workers; from++)
      for (let j = 0; j < rows; j++)
        for (let i = from * rows; i < (from + 1) * rows; i++, at += 2)
          result.set(came.subarray(at, at + 2), 2 * (j * n + i));
    return result;
  };
  const transform = (tile: Float64Array, inverse: boolean): Float64Array => {
    let now = tile;
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < rows; i++) fft(now.subarray(2 * i * n, 2 * (i + 1) * n), inverse);
      now = transpose(now);
    }
    return now;
  };
  const [p, r] = [3, 5];
  const wave = (i: number, j: number) => Math.cos((2 * Math.PI * (p * i + r * j)) / n);
  const tile = new Float64Array(2 * rows * n);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < n; j++) tile[2 * (i * n + j)] = wave(team.rank * rows + i, j);
  const picture = tile.slice();
  const spectrum = transform(tile, false);
  // A wave has two lines, at its frequency and at the opposite one.
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < n; j++) {
      const row = team.rank * rows + i;
      const line = (row === p && j === r) || (row === n - p && j === n - r);
      assert.ok(Math.abs((spectrum[2 * (i * n + j)] ?? 0) - (line ? (n * n) / 2 : 0)) < 1e-6);
    }
  const back = transform(spectrum, true);
  const off = back.map((value, i) => Math.abs(value / (n * n) - (picture[i] ?? 0)));
  assert.ok(Math.max(...off) < 1e-9);
  if (rank === 0) console.log(`${n} × ${n} points by ${workers} ranks`);
}
mpi.finalize();
