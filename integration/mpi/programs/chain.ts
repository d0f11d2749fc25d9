/** The last rank is killed; each of the others waits for the next one alone, so that they die one of the other. */

import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
world.barrier();
if (world.rank === world.size - 1) process.kill(process.pid, 'SIGKILL');
world.recv(new Uint8Array(1), world.rank + 1);
mpi.finalize();
