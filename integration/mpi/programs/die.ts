/** The last rank dies in the way that the argument says, while the others wait for it. */

import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const last = world.size - 1;
const [, , how] = process.argv;
world.barrier();
if (world.rank === last) {
  world.send(new Uint8Array(800), 0, 7);
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  if (how === 'throw') throw new Error('thrown on purpose');
  if (how === 'leave') process.exit(0);
  if (how === 'abort') world.abort(9);
  if (how === 'handler') {
    world.errorHandler = 'abort';
    world.send(new Uint8Array(1), 99);
  }
}
world.recv(new Uint8Array(800), last, 7);
world.recv(new Uint8Array(1), last, 8);
