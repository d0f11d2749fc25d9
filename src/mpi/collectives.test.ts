import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { manners, parseManners } from './collective/topology.ts';
import { Communicator } from './communicator.ts';
import { IN_PLACE } from './constants.ts';
import * as ops from './ops.ts';
import { classOf, type TypedArray, type TypedArrayClass } from './typed.ts';
import { narrow, runWorld, troubled } from './virtual-world.test.ts';

const classes = [
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
const numeric = [ops.SUM, ops.PROD, ops.MAX, ops.MIN, ops.LAND, ops.LOR, ops.LXOR, ops.MINLOC, ops.MAXLOC];
const integral = [...numeric, ops.BAND, ops.BOR, ops.BXOR];
/** Associative, but not commutative: affine maps x → ax + b, composed, modulo 2^k. */
const compose = ops.createOp(
  (input, inout) => {
    const [f, g] = [input as Int32Array, inout as Int32Array];
    for (let i = 0; i + 1 < g.length; i += 2) {
      const [a, b, c, d] = [f[i], f[i + 1], g[i], g[i + 1]] as [number, number, number, number];
      g[i] = Math.imul(a, c);
      g[i + 1] = Math.imul(c, b) + d;
    }
  },
  false,
  'compose',
);

const ranks = [1, 2, 3, 4, 7, 8, 16];
const lengths = [2, 4, 16, 30, 64, 300, 2050];

/** The group of each rank of the world. */
const layouts = {
  one: () => 0,
  halves: (rank: number, size: number) => Math.floor((rank * 2) / size),
  quarters: (rank: number, size: number) => Math.floor((rank * 4) / size),
  unequal: (rank: number) => (rank === 0 ? 5 : rank < 4 ? 2 : 9),
  interleaved: (rank: number) => rank % 2,
  scattered: (rank: number) => ((rank * 7919) >> 3) % 3,
} as const;
/** Communicators of some of the world; all others are one too. */
const parts = {
  world: () => true,
  ends: (rank: number, size: number) => rank < size / 4 || rank >= size / 2,
  odd: (rank: number) => rank % 2 === 1,
  thirds: (rank: number) => rank % 3 === 0,
} as const;

interface Case {
  readonly size: number;
  readonly seed: number;
  readonly length: number;
  readonly type: TypedArrayClass;
  readonly op: ops.Op;
  readonly root: number;
  readonly inPlace: boolean;
  readonly layout: keyof typeof layouts;
  readonly part: keyof typeof parts;
  readonly manner: string;
  /** The bus answers BUSY now and then, and late. */
  readonly trouble: boolean;
}

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    size: fc.constantFrom(...ranks),
    seed: fc.integer(),
    length: fc.constantFrom(...lengths),
    type: fc.constantFrom(...(classes as unknown as TypedArrayClass[])),
    choice: fc.nat(),
    root: fc.nat(15),
    inPlace: fc.boolean(),
    trouble: fc.boolean(),
    layout: fc.constantFrom(...(Object.keys(layouts) as (keyof typeof layouts)[])),
    part: fc.constantFrom(...(Object.keys(parts) as (keyof typeof parts)[])),
    manner: fc.constantFrom('', ...manners),
  })
  .map(({ choice, root, ...rest }) => {
    const floats = rest.type.name.startsWith('Float');
    const list = floats ? numeric : integral;
    const op = choice % 5 === 0 ? compose : (list[choice % list.length] as ops.Op);
    const type = op === compose ? (Int32Array as unknown as TypedArrayClass) : rest.type;
    return { ...rest, type, op, root: root % rest.size };
  });

/** What rank `rank` puts in: small numbers, so that sums of floats are exact. */
function input({ type, seed }: Case, rank: number, length: number): TypedArray {
  const array = new type(length);
  const big = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < length; i++) {
    const value = Math.abs((seed ^ (rank * 2654435761) ^ (i * 40503)) >> 3) % 4;
    array[i] = (big ? BigInt(value) : value) as never;
  }
  return array;
}

/** The reduction of ranks 0 to `last`, one after another. */
function reduced(c: Case, last: number, length: number): TypedArray {
  let result = input(c, 0, length);
  for (let rank = 1; rank <= last; rank++) {
    const next = input(c, rank, length);
    c.op.apply(result, next);
    result = next;
  }
  return result;
}

const concat = (c: Case, parts: readonly TypedArray[]): TypedArray => {
  const all = new c.type(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
};
const everyRank = (c: Case) => Array.from({ length: c.size }, (_, rank) => rank);

/** The ranks of a part of the world, the last ones first where `part` is 'odd'. */
function partOf(world: Communicator, { part }: Case): Communicator {
  if (part === 'world') return world;
  const inside = (rank: number) => parts[part](rank, world.size);
  const ranks = world.ranks.filter((rank) => inside(rank) === inside(world.rank));
  return new Communicator(world.engine, part === 'odd' ? ranks.reverse() : ranks, 10);
}

function law(name: string, program: (world: Communicator, c: Case) => Promise<void>): void {
  it(name, async () => {
    const run = async (c: Case) => {
      const tuning = c.trouble ? troubled(c.seed) : narrow;
      const groups = Array.from({ length: c.size }, (_, rank) => layouts[c.layout](rank, c.size));
      const inPart = (world: Communicator) => {
        const part = partOf(world, c);
        return program(part, { ...c, size: part.size, root: c.root % part.size });
      };
      await runWorld(c.size, c.seed, inPart, { ...tuning, groups, collectives: parseManners(c.manner) });
    };
    await fc.assert(fc.asyncProperty(anyCase, run), { numRuns: 60 });
  });
}

describe('collectives give what a naive reference gives', () => {
  law('barrier', (world) => Promise.resolve(world.ibarrier()).then(() => undefined));

  law('bcast', async (world, c) => {
    const buffer = world.rank === c.root ? input(c, c.root, c.length) : new c.type(c.length);
    await world.ibcast(buffer, c.root);
    assert.deepEqual(buffer, input(c, c.root, c.length));
  });

  law('gather', async (world, c) => {
    const mine = input(c, world.rank, c.length);
    const all = new c.type(c.length * c.size);
    const isRoot = world.rank === c.root;
    if (isRoot && c.inPlace) all.set(mine as never, world.rank * c.length);
    await world.igather(isRoot && c.inPlace ? IN_PLACE : mine, isRoot ? all : undefined, c.root);
    if (isRoot)
      assert.deepEqual(
        all,
        concat(
          c,
          everyRank(c).map((rank) => input(c, rank, c.length)),
        ),
      );
  });

  law('gatherv and scatterv', async (world, c) => {
    const counts = everyRank(c).map((rank) => (rank * 7 + c.length) % 40);
    const mine = input(c, world.rank, counts[world.rank] as number);
    const total = counts.reduce((a, b) => a + b);
    const all = new c.type(total);
    await world.igatherv(mine, world.rank === c.root ? all : undefined, counts, undefined, c.root);
    const expected = concat(
      c,
      everyRank(c).map((rank) => input(c, rank, counts[rank] as number)),
    );
    if (world.rank === c.root) assert.deepEqual(all, expected);
    const back = new c.type(mine.length);
    await world.iscatterv(all, counts, back, undefined, c.root);
    assert.deepEqual(back, mine);
  });

  law('scatter', async (world, c) => {
    const all = input(c, 99, c.length * c.size);
    const mine = new c.type(c.length);
    const inPlace = c.inPlace && world.rank === c.root;
    await world.iscatter(world.rank === c.root ? all : undefined, inPlace ? IN_PLACE : mine, c.root);
    const at = world.rank * c.length;
    if (!inPlace) assert.deepEqual(mine, input(c, 99, c.length * c.size).slice(at, at + c.length));
  });

  law('allgather and allgatherv', async (world, c) => {
    const all = new c.type(c.length * c.size);
    await world.iallgather(input(c, world.rank, c.length), all);
    assert.deepEqual(
      all,
      concat(
        c,
        everyRank(c).map((rank) => input(c, rank, c.length)),
      ),
    );
    const counts = everyRank(c).map((rank) => (rank * 5 + c.length) % 33);
    const parts = everyRank(c).map((rank) => input(c, rank, counts[rank] as number));
    const expected = concat(c, parts);
    const into = new c.type(expected.length);
    await world.iallgatherv(parts[world.rank] as TypedArray, into, counts);
    assert.deepEqual(into, expected);
  });

  law('alltoall and alltoallv', async (world, c) => {
    const count = Math.min(c.length, 300);
    const block = (from: number, to: number) =>
      input(c, from, count * c.size).slice(to * count, (to + 1) * count);
    const expected = concat(
      c,
      everyRank(c).map((rank) => block(rank, world.rank)),
    );
    const into = new c.type(count * c.size);
    if (c.inPlace) into.set(input(c, world.rank, count * c.size) as never);
    await world.ialltoall(c.inPlace ? IN_PLACE : input(c, world.rank, count * c.size), into);
    assert.deepEqual(into, expected);
    const size = (from: number, to: number) => (from * 3 + to * 5) % 17;
    const out = everyRank(c).map((to) => size(world.rank, to));
    const back = everyRank(c).map((from) => size(from, world.rank));
    const parts = everyRank(c).map((to) => input(c, world.rank * 100 + to, out[to] as number));
    const came = new c.type(back.reduce((a, b) => a + b));
    await world.ialltoallv(concat(c, parts), out, came, back);
    const wanted = everyRank(c).map((from) => input(c, from * 100 + world.rank, back[from] as number));
    assert.deepEqual(came, concat(c, wanted));
  });

  law('reduce', async (world, c) => {
    const into = new c.type(c.length);
    const isRoot = world.rank === c.root;
    const mine = input(c, world.rank, c.length);
    if (isRoot && c.inPlace) into.set(mine as never);
    await world.ireduce(isRoot && c.inPlace ? IN_PLACE : mine, isRoot ? into : undefined, c.op, c.root);
    if (isRoot) assert.deepEqual(into, reduced(c, c.size - 1, c.length), c.op.name);
  });

  law('allreduce', async (world, c) => {
    const into = c.inPlace ? input(c, world.rank, c.length) : new c.type(c.length);
    await world.iallreduce(c.inPlace ? IN_PLACE : input(c, world.rank, c.length), into, c.op);
    assert.deepEqual(into, reduced(c, c.size - 1, c.length), c.op.name);
  });

  law('reduceScatterBlock and reduceScatter', async (world, c) => {
    const length = Math.min(c.length, 300);
    const into = new c.type(length);
    await world.ireduceScatterBlock(input(c, world.rank, length * c.size), into, c.op);
    const all = reduced(c, c.size - 1, length * c.size);
    const at = world.rank * length;
    assert.deepEqual(into, all.slice(at, at + length), c.op.name);
    const counts = everyRank(c).map((rank) => 2 * ((rank + c.length) % 9));
    const total = counts.reduce((a, b) => a + b);
    const mine = new c.type(counts[world.rank] as number);
    await world.ireduceScatter(input(c, world.rank, total), mine, counts, c.op);
    const from = counts.slice(0, world.rank).reduce((a, b) => a + b, 0);
    assert.deepEqual(mine, reduced(c, c.size - 1, total).slice(from, from + mine.length), c.op.name);
  });

  law('scan and exscan', async (world, c) => {
    const into = c.inPlace ? input(c, world.rank, c.length) : new c.type(c.length);
    const mine = input(c, world.rank, c.length);
    await world.iscan(c.inPlace ? IN_PLACE : mine, into, c.op);
    assert.deepEqual(into, reduced(c, world.rank, c.length), c.op.name);
    const before = new c.type(c.length);
    await world.iexscan(mine, before, c.op);
    const expected = world.rank === 0 ? new c.type(c.length) : reduced(c, world.rank - 1, c.length);
    assert.deepEqual(before, expected, c.op.name);
  });

  it('runs several at once', async () => {
    await runWorld(4, 3, async (world) => {
      const sums = [1, 2, 3].map((x) => Float64Array.of(x * (world.rank + 1)));
      await Promise.all([
        world.ibarrier(),
        ...sums.map((sum) => world.iallreduce(IN_PLACE, sum, ops.SUM)),
        world.ibarrier(),
      ]);
      assert.deepEqual(
        sums.map((sum) => sum[0]),
        [10, 20, 30],
      );
      assert.equal(classOf(sums[0] as Float64Array), Float64Array);
    });
  });
});
