/**
 * A stream of messages from rank 0 to rank 1: `stream SIZE FILE` runs until FILE is gone. Then rank 1 prints every pause in which nothing
 * came, in milliseconds of the machine's monotonic clock: "from to".
 */

import { existsSync } from 'node:fs';
import { mpi, type Request } from '../../src/mpi.ts';
import { noteworthy, now } from './pauses.ts';

const [, , size = '', file = ''] = process.argv;
const bytes = Number(size);
const window = 16;
const world = mpi.init({ memory: 2 * bytes + 16384 });
const message = new Uint8Array(bytes);
const requests: Request[] = [];

function send(): void {
  for (let going = true; going; ) {
    going = existsSync(file);
    message[0] = going ? 1 : 0;
    requests.length = 0;
    for (let k = 0; k < window; k++) requests.push(world.isend(message, 1, 1));
    mpi.waitAll(requests);
  }
}

function receive(): void {
  const status = new mpi.Status();
  const pauses: string[] = [];
  let last = now();
  for (let going = true; going; ) {
    for (let k = 0; k < window; k++) {
      world.recv(message, 0, 1, status);
      const came = now();
      if (came - last >= noteworthy) pauses.push(`${last.toFixed(3)} ${came.toFixed(3)}\n`);
      last = came;
    }
    going = message[0] === 1;
  }
  process.stdout.write(pauses.join(''));
}

world.barrier();
if (world.rank === 0) send();
else {
  process.stdout.write('streaming\n');
  receive();
}
mpi.finalize();
