/** Finds the edges in a picture (Sobel): rows are scattered with their neighbours' rows around them, and gathered. Argument: the PNG to write. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mpi } from '../../src/mpi.ts';
import { decodePng, encodePng } from './png.ts';

const world = mpi.init();
const { rank, size } = world;
const [width, height] = [256, 192];
const counts = Array.from(
  { length: size },
  (_, i) => Math.floor(((i + 1) * height) / size) - Math.floor((i * height) / size),
);
const rows = counts[rank] ?? 0;

/** A lamp over a chequered floor, with a ball on it. */
function scene(): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const ball = (x - 150) ** 2 + (y - 90) ** 2 < 50 ** 2;
      const floor = ((x >> 4) + (y >> 4)) % 2 ? 160 : 60;
      pixels[y * width + x] = ball ? 255 - Math.hypot(x - 130, y - 70) * 2 : floor;
    }
  return pixels;
}

/** The filter on `count` rows; `from` has a row more above and below. */
function sobel(from: Uint8Array, count: number): Uint8Array {
  const to = new Uint8Array(width * count);
  const at = (x: number, y: number) => from[y * width + Math.min(Math.max(x, 0), width - 1)] ?? 0;
  for (let y = 0; y < count; y++)
    for (let x = 0; x < width; x++) {
      const column = (dx: number) => at(x + dx, y) + 2 * at(x + dx, y + 1) + at(x + dx, y + 2);
      const row = (dy: number) => at(x - 1, y + dy) + 2 * at(x, y + dy) + at(x + 1, y + dy);
      to[y * width + x] = Math.min(255, Math.hypot(column(1) - column(-1), row(2) - row(0)));
    }
  return to;
}

const bytes = counts.map((count) => count * width);
const framed = new Uint8Array((rows + 2) * width);
const own = framed.subarray(width, (rows + 1) * width);
const picture = rank === 0 ? scene() : undefined;
world.scatterv(picture, bytes, own);
const [above, below] = [rank > 0 ? rank - 1 : mpi.PROC_NULL, rank < size - 1 ? rank + 1 : mpi.PROC_NULL];
world.sendrecv(own.subarray(own.length - width), below, 0, framed.subarray(0, width), above, 0);
world.sendrecv(own.subarray(0, width), above, 1, framed.subarray((rows + 1) * width), below, 1);
const edges = rank === 0 ? new Uint8Array(width * height) : undefined;
world.gatherv(sobel(framed, rows), edges, bytes);
if (picture && edges) {
  const whole = new Uint8Array((height + 2) * width);
  whole.set(picture, width);
  assert.deepEqual(edges, sobel(whole, height));
  const png = encodePng(edges, width, height);
  assert.deepEqual(decodePng(png), edges);
  const [, , path] = process.argv;
  if (path !== undefined) writeFileSync(path, png);
  console.log(`${width} × ${height} pixels filtered by ${size} ranks, ${png.length} bytes of PNG`);
}
mpi.finalize();
