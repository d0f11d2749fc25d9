/** Every rank waits for its neighbour to speak first. */

import { writeSync } from 'node:fs';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
writeSync(1, 'waits\n');
world.recv(new Uint8Array(1), (world.rank + 1) % world.size, 7);
mpi.finalize();
