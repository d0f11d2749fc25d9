/** Short collectives, blocking ones and requests mixed among the ranks, against what they should give; with a seed as argument. */

import assert from 'node:assert/strict';
import type { TypedArray } from '../../../src/mpi/typed.ts';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init({ eager: Number(process.argv[3] ?? 16384) });
const { rank, size } = world;
let state = Number(process.argv[2]) | 1;
/** Numbers from 0 to below n, the same on all ranks (xorshift). */
function dice(n: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}

const classes = [Float64Array, Int32Array, Uint8Array, Float32Array, BigInt64Array] as const;
/** The left of two: associative, but not commutative. */
const left = mpi.createOp((a, b) => b.set(a as never), false, 'left');
const right = mpi.createOp(() => undefined, false, 'right');
const ops = [
  [mpi.SUM, (values: number[]) => values.reduce((a, b) => a + b)],
  [mpi.MAX, (values: number[]) => Math.max(...values)],
  [left, (values: number[]) => values[0] as number],
  [right, (values: number[]) => values.at(-1) as number],
] as const;
const everyone = Array.from({ length: size }, (_, i) => i);

function filled(which: number, length: number, value: number): TypedArray {
  const array = new (classes[which] as (typeof classes)[0])(length);
  const fill = which === 4 ? BigInt(value) : value;
  return (array as Float64Array).fill(fill as number);
}

const rounds = 400;
for (let round = 0; round < rounds; round++) {
  const [which, kind, length, how] = [dice(5), dice(4), dice(40), dice(3)] as const;
  const asRequest = how === 0 || (how === 1 && rank % 2 === round % 2);
  if (kind === 0) {
    const entered = process.hrtime.bigint();
    if (asRequest) world.ibarrier().wait();
    else world.barrier();
    const left = process.hrtime.bigint();
    const last = new BigInt64Array(1);
    world.allreduce(BigInt64Array.of(entered), last, mpi.MAX);
    assert.ok(left >= (last[0] as bigint), 'nobody leaves a barrier before all have entered');
  } else if (kind === 1) {
    const root = dice(size);
    const buffer = filled(which, length, rank === root ? root + 50 : 0);
    if (asRequest) world.ibcast(buffer, root).wait();
    else world.bcast(buffer, root);
    assert.deepEqual(buffer, filled(which, length, root + 50));
  } else {
    const [op, expected] = ops[dice(ops.length)] as (typeof ops)[0];
    const values = everyone.map((one) => (one * 7 + round) % 10);
    const [send, into] = [filled(which, length, values[rank] as number), filled(which, length, 0)];
    const inPlace = kind === 3;
    const work = inPlace ? send : into;
    if (asRequest) world.iallreduce(inPlace ? mpi.IN_PLACE : send, work, op).wait();
    else world.allreduce(inPlace ? mpi.IN_PLACE : send, work, op);
    assert.deepEqual(work, filled(which, length, expected(values)));
  }
}
if (rank === 0) console.log(`${rounds} rounds`);
mpi.finalize();
