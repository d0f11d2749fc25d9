/**
 * What bench/peers/mpi.c measures, in the same way: `rank KIND SIZE COUNT ROUNDS WARM` runs WARM milliseconds untimed, then prints
 * the seconds of each round on rank 0.
 */

import { type Communicator, mpi, type Request } from '../../src/mpi.ts';

const [, , kind = '', size = '0', count = '1', rounds = '1', warm = '0', memory = 'heap'] = process.argv;
const bytes = Number(size);
const window = 64;
const world = mpi.init({ memory: 2 * bytes + 16384 });
const { rank } = world;
const buffer = () =>
  memory === 'alloc' ? mpi.alloc(Float64Array, Math.ceil(bytes / 8)) : new Float64Array(Math.ceil(bytes / 8));
const [out, into] = [buffer(), buffer()];
const [outBytes, inBytes] = [out, into].map(
  (array) => new Uint8Array(array.buffer, array.byteOffset, bytes),
) as [Uint8Array, Uint8Array];
const word = new Uint8Array(1);
const status = new mpi.Status();

function latency(times: number): void {
  if (rank > 1) return;
  for (let i = 0; i < times; i++) {
    if (rank === 0) world.send(outBytes, 1, 1);
    world.recv(inBytes, 1 - rank, 1, status);
    if (rank === 1) world.send(outBytes, 0, 1);
  }
}

function stream(times: number, both: boolean): void {
  if (rank > 1) return;
  const other = 1 - rank;
  const requests: Request[] = [];
  for (let i = 0; i < times; i++) {
    requests.length = 0;
    for (let k = 0; k < window; k++) {
      if (rank === 1 || both) requests.push(world.irecv(inBytes, other, 1));
      if (rank === 0 || both) requests.push(world.isend(outBytes, other, 1));
    }
    mpi.waitAll(requests);
    if (rank === 1) world.send(word, 0, 2);
    else world.recv(word, 1, 2, status);
  }
}

const collectives: Readonly<Record<string, (world: Communicator) => void>> = {
  barrier: () => world.barrier(),
  bcast: () => world.bcast(outBytes),
  allreduce: () => void world.allreduce(out, into, mpi.SUM),
  alltoall: () => world.alltoall(outBytes, inBytes),
};

function run(times: number): void {
  const collective = collectives[kind];
  if (kind === 'latency') latency(times);
  else if (kind === 'bandwidth' || kind === 'bidirectional') stream(times, kind === 'bidirectional');
  else if (collective) for (let i = 0; i < times; i++) collective(world);
  else throw new Error(`what is ${kind}?`);
}

/** Until rank 0 says that it is enough. */
function warmUp(seconds: number): void {
  const end = mpi.wtime() + seconds;
  const more = new Int32Array(1);
  while (seconds > 0) {
    run(Number(count));
    more[0] = mpi.wtime() < end ? 1 : 0;
    world.bcast(more);
    if (more[0] === 0) return;
  }
}

warmUp(Number(warm) / 1000);
for (let round = 0; round < Number(rounds); round++) {
  world.barrier();
  const start = mpi.wtime();
  run(Number(count));
  if (rank === 0) console.log((mpi.wtime() - start).toFixed(9));
}
mpi.finalize();
