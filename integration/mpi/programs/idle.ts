/** Ranks that wait for rank 0, which waits until a file is there: `idle FILE`. */

import { existsSync } from 'node:fs';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const [file = ''] = process.argv.slice(2);
const token = new Int32Array(1);
world.barrier();
console.log(`rank ${world.rank} is process ${process.pid}`);
const pause = new Int32Array(new SharedArrayBuffer(4));
if (world.rank === 0) while (!existsSync(file)) Atomics.wait(pause, 0, 0, 100);
world.bcast(token);
mpi.finalize();
