/** Allocates so many bytes for messages and sends them round. */

import assert from 'node:assert/strict';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const bytes = Number(process.argv[2]);
const ours = mpi.alloc(bytes).fill(world.rank);
const came = new Uint8Array(bytes);
world.sendrecv(ours, (world.rank + 1) % world.size, 0, came, (world.rank + world.size - 1) % world.size, 0);
assert.equal(came[bytes - 1], (world.rank + world.size - 1) % world.size);
mpi.finalize();
