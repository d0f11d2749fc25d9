/** π as the area under 4 / (1 + x²), each rank a share of the strips. */

import assert from 'node:assert/strict';
import { mpi } from '../../src/mpi.ts';

const world = mpi.init();
const strips = 1_000_000;
let area = 0;
for (let i = world.rank; i < strips; i += world.size) area += 4 / (1 + ((i + 0.5) / strips) ** 2) / strips;
const pi = world.allreduce(area, mpi.SUM);
assert.ok(Math.abs(pi - Math.PI) < 1e-10);
if (world.rank === 0) console.log(`π is ${pi}`);
mpi.finalize();
