/**
 * Blocking collectives between real processes, one after another as dice throw them: every call, datatype and operation,
 * lengths around every threshold, ranks that come late. Each result is compared with a naive reference. Argument: a seed.
 */

import assert from 'node:assert/strict';
import { mpi } from '../../../src/mpi.ts';

const world = mpi.init();
const { rank, size } = world;
const seed = Number(process.argv[2] ?? 1);
const rounds = Number(process.argv[3] ?? 120);

function dice(start: number): (n: number) => number {
  let state = start | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** The same in all ranks, and another in each. */
const [common, own] = [dice(seed), dice(seed * 31 + rank * 7919 + 1)];
const floats = [Float32Array, Float64Array];
const integers = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
];
const anywhere = [mpi.SUM, mpi.PROD, mpi.MAX, mpi.MIN, mpi.LAND, mpi.LOR, mpi.LXOR, mpi.MINLOC, mpi.MAXLOC];
const bits = [mpi.BAND, mpi.BOR, mpi.BXOR];
/** x → ax + b, composed: associative, not commutative. */
const compose = mpi.createOp(
  (input, inout) => {
    const [f, g] = [input as Float64Array, inout as Float64Array];
    for (let i = 0; i + 1 < g.length; i += 2) {
      const [a = 0, b = 0, c = 0, d = 0] = [f[i], f[i + 1], g[i], g[i + 1]];
      g[i] = (a * c) % 251;
      g[i + 1] = (c * b + d) % 251;
    }
  },
  false,
  'compose',
  2,
);
const lengths = [2, 8, 30, 60, 64, 250, 256, 258, 514, 2046, 2050, 8190, 8194, 33_000, 140_000];

type Any = Float64Array;
const choose = <T>(list: readonly T[]): T => list[common(list.length)] as T;
const ranks = Array.from({ length: size }, (_, i) => i);

/** What a rank puts in in a round: small numbers, so that sums are exact whatever their order. */
function input(type: typeof Float64Array, from: number, length: number, round: number): Any {
  const big = (type as unknown) === BigInt64Array || (type as unknown) === BigUint64Array;
  const array = new type(length);
  for (let i = 0; i < length; i++) {
    const value = ((seed + round * 131 + from * 2_654_435_761 + i * 40_503) >>> 5) % 4;
    array[i] = (big ? BigInt(value) : value) as number;
  }
  return array;
}

for (let round = 0; round < rounds; round++) {
  const real = common(3) === 0;
  const op = common(5) === 0 ? compose : choose(real ? anywhere : [...anywhere, ...bits]);
  const type = (
    op === compose ? Float64Array : choose<unknown>(real ? floats : integers)
  ) as typeof Float64Array;
  const [length, root, inPlace] = [choose(lengths), common(size), common(2) === 0];
  const block = Math.min(length, 2050);
  const put = (from: number, count = length) => input(type, from, count, round);
  const reduced = (last: number, count = length) =>
    ranks.slice(1, last + 1).reduce(
      (before, from) => {
        const next = put(from, count);
        op.apply(before, next);
        return next;
      },
      put(0, count),
    );
  const joined = (parts: readonly Any[]) => {
    const all = new type(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  const isRoot = rank === root;
  const into = new type(length);
  const calls: Readonly<Record<string, () => void>> = {
    barrier: () => world.barrier(),
    bcast: () => {
      const buffer = isRoot ? put(root) : into;
      world.bcast(buffer, root);
      assert.deepEqual(buffer, put(root));
    },
    gather: () => {
      const all = isRoot ? new type(block * size) : undefined;
      world.gather(put(rank, block), all, root);
      if (all) assert.deepEqual(all, joined(ranks.map((from) => put(from, block))));
    },
    scatter: () => {
      const mine = new type(block);
      world.scatter(isRoot ? put(99, block * size) : undefined, mine, root);
      assert.deepEqual(mine, put(99, block * size).slice(rank * block, (rank + 1) * block));
    },
    allgather: () => {
      const all = new type(block * size);
      world.allgather(put(rank, block), all);
      assert.deepEqual(all, joined(ranks.map((from) => put(from, block))));
    },
    alltoall: () => {
      const all = new type(block * size);
      const part = (from: number, to: number) => put(from, block * size).slice(to * block, (to + 1) * block);
      world.alltoall(put(rank, block * size), all);
      assert.deepEqual(all, joined(ranks.map((from) => part(from, rank))));
    },
    reduce: () => {
      if (isRoot && inPlace) into.set(put(rank));
      world.reduce(isRoot && inPlace ? mpi.IN_PLACE : put(rank), isRoot ? into : undefined, op, root);
      if (isRoot) assert.deepEqual(into, reduced(size - 1));
    },
    allreduce: () => {
      if (inPlace) into.set(put(rank));
      world.allreduce(inPlace ? mpi.IN_PLACE : put(rank), into, op);
      assert.deepEqual(into, reduced(size - 1));
    },
    reduceScatterBlock: () => {
      const mine = new type(block);
      world.reduceScatterBlock(put(rank, block * size), mine, op);
      assert.deepEqual(mine, reduced(size - 1, block * size).slice(rank * block, (rank + 1) * block));
    },
    scan: () => {
      world.scan(put(rank), into, op);
      assert.deepEqual(into, reduced(rank));
    },
    exscan: () => {
      world.exscan(put(rank), into, op);
      assert.deepEqual(into, rank === 0 ? new type(length) : reduced(rank - 1));
    },
  };
  const name = choose(Object.keys(calls));
  for (let late = own(4) === 0 ? own(200_000) : 0; late > 0; late--) Math.sqrt(late);
  try {
    calls[name]?.();
  } catch (error) {
    console.error(
      `seed ${seed}, round ${round}: ${name}, ${type.name} × ${length}, ${op.name}, root ${root}`,
    );
    throw error;
  }
}
mpi.finalize();
