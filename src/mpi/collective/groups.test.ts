import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Communicator } from '../communicator.ts';
import { IN_PLACE } from '../constants.ts';
import type { Engine } from '../engine.ts';
import { createOp, type Op, SUM } from '../ops.ts';
import { runWorld } from '../virtual-world.test.ts';
import { choose, segment } from './choice.ts';
import { groupRanks, type Manners, shapeOf } from './topology.ts';

const shapes: Readonly<Record<string, readonly number[]>> = {
  '2 + 2': [0, 0, 1, 1],
  '1 + 3 + 4': [4, 1, 1, 1, 0, 0, 0, 0],
  '2 + 2 + 2, taking turns': [0, 1, 2, 0, 1, 2],
};
const sixteen = Array.from({ length: 16 }, (_, rank) => rank >>> 2);
const collectives: Manners = {};

/** Sums of these depend on the order in their last bits. */
function doubles(rank: number, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(rank * 1000 + i));
}

function near(found: Float64Array, size: number): void {
  const parts = Array.from({ length: size }, (_, rank) => doubles(rank, found.length));
  const wrong = found.findIndex((x, i) => {
    const sum = parts.reduce((total, part) => total + (part[i] as number), 0);
    return !(Math.abs(x - sum) < 1e-9);
  });
  assert.equal(wrong, -1, `element ${wrong} of ${found.length}`);
}

/** Doubles around each size from which on another algorithm is taken. */
const around = (groups: readonly number[]) => {
  const count = new Set(groups).size;
  return [2048, 64 << 10, count * segment].flatMap((bytes) => [bytes / 8, bytes / 8 + 3]);
};

const run = <T>(groups: readonly number[], seed: number, program: (world: Communicator) => Promise<T>) =>
  runWorld(groups.length, seed, program, { groups, collectives, depth: 64 });

/** The last one's rank in the order in which parts were combined: not commutative. */
const lastOf: Op = createOp(() => undefined, false, 'last');

async function reduceTo(root: number, world: Communicator, length: number): Promise<void> {
  const into = world.rank === root ? new Float64Array(length) : undefined;
  await world.ireduce(doubles(world.rank, length), into, SUM, root);
  if (into) near(into, world.size);
  await world.ireduce(doubles(world.rank, 5), into, lastOf, root);
  if (into) assert.deepEqual(into.slice(0, 5), doubles(world.size - 1, 5));
}

describe('collectives of ranks in groups, around the sizes where the algorithm changes', () => {
  for (const [name, groups] of Object.entries(shapes)) {
    it(`bcast from every root: ${name}`, async () => {
      for (const length of around(groups))
        await run(groups, length, async (world) => {
          for (let root = 0; root < groups.length; root++) {
            const buffer = world.rank === root ? doubles(root, length) : new Float64Array(length);
            await world.ibcast(buffer, root);
            assert.equal(Buffer.compare(bytes(buffer), bytes(doubles(root, length))), 0);
          }
        });
    });

    it(`reduce to every root: ${name}`, async () => {
      for (const length of around(groups))
        await run(groups, length, async (world) => {
          for (let root = 0; root < groups.length; root++) await reduceTo(root, world, length);
        });
    });

    it(`allreduce, the same bits everywhere: ${name}`, async () => {
      for (const length of [...around(groups), 1, 2, (1 << 17) + 5]) {
        const found = await run(groups, length, async (world) => {
          const into = new Float64Array(length);
          await world.iallreduce(doubles(world.rank, length), into, SUM);
          return into;
        });
        near(found[0] as Float64Array, groups.length);
        for (const one of found) assert.equal(Buffer.compare(bytes(one), bytes(found[0] as Float64Array)), 0);
      }
    });
  }
});

describe('blocks whose sizes the root alone knows', () => {
  const groups = [4, 1, 1, 1, 0, 0, 0, 0];
  /** Around the size up to which blocks travel together. */
  const lengths = [600, 1, 512, 513, 0, 5000, 513, 2];
  const whole = () => Float64Array.from(lengths.flatMap((length, rank) => [...doubles(rank, length)]));

  /** In place at odd roots. */
  async function atRoot(world: Communicator, root: number): Promise<void> {
    const mine = doubles(world.rank, lengths[world.rank] as number);
    const own = root % 2 === 1 ? IN_PLACE : mine;
    const all = whole();
    const after = lengths.slice(0, root + 1).reduce((a, b) => a + b);
    const at = after - (lengths[root] as number);
    all.fill(0, 0, root % 2 === 1 ? at : after).fill(0, after);
    await world.igatherv(own, all, lengths, undefined, root);
    assert.deepEqual(all, whole());
    await world.iscatterv(all, lengths, own === IN_PLACE ? own : mine.fill(0), undefined, root);
    assert.deepEqual(mine, doubles(world.rank, lengths[world.rank] as number));
  }

  async function elsewhere(world: Communicator, root: number): Promise<void> {
    const mine = doubles(world.rank, lengths[world.rank] as number);
    await world.igatherv(mine, undefined, [], undefined, root);
    const back = new Float64Array(mine.length + 3);
    await world.iscatterv(undefined, [], back, undefined, root);
    assert.deepEqual(back.slice(0, mine.length), mine);
  }

  it('are gathered from and scattered to where they belong', async () => {
    await run(groups, 11, async (world) => {
      for (let root = 0; root < world.size; root++)
        await (world.rank === root ? atRoot(world, root) : elsewhere(world, root));
    });
  });

  it('must fit where they belong', async () => {
    for (const long of [3, 4000]) {
      const gathered = run(groups, 3, async (world) => {
        const into = world.rank === 0 ? new Float64Array(16) : undefined;
        await world.igatherv(new Float64Array(world.rank === 6 ? long : 2), into, Array(8).fill(2));
      });
      await assert.rejects(gathered, { errorClass: 'ERR_TRUNCATE' });
      for (const late of [4, 6]) {
        const scattered = run(groups, 3, async (world) => {
          const from = world.rank === 0 ? new Float64Array(8 * long) : undefined;
          const room = world.rank === late ? long - 1 : long;
          await world.iscatterv(from, Array(8).fill(long), new Float64Array(room));
        });
        await assert.rejects(scattered, { errorClass: 'ERR_TRUNCATE' });
      }
    }
  });
});

const bytes = (array: Float64Array) => new Uint8Array(array.buffer);

/** Counts what an engine sends to other groups. */
function watch(engine: Engine, groups: readonly number[], count: { messages: number; bytes: number }): void {
  const { sendNow, send } = engine;
  const add = (peer: number, length: number) => {
    if (groups[peer] === groups[engine.rank]) return;
    count.messages++;
    count.bytes += length;
  };
  engine.sendNow = (peer, source, context, tag, data) => {
    const sent = sendNow.call(engine, peer, source, context, tag, data);
    if (sent) add(peer, data.length);
    return sent;
  };
  engine.send = (request, source) => {
    add(request.peer, request.length);
    send.call(engine, request, source);
  };
}

async function traffic(program: (world: Communicator) => PromiseLike<unknown>) {
  const count = { messages: 0, bytes: 0 };
  await run(sixteen, 5, async (world) => {
    watch(world.engine, sixteen, count);
    await program(world);
  });
  return count;
}

describe('messages between 4 groups of 4 ranks', () => {
  const block = () => new Float64Array(2);
  const whole = () => new Float64Array(32);
  const length = (1 << 20) / 8;

  it('enter each group once where one rank has what all want, or wants what all have', async () => {
    assert.deepEqual(await traffic((world) => world.ibcast(block(), 6)), { messages: 3, bytes: 3 * 16 });
    assert.deepEqual(await traffic((world) => world.igather(block(), whole(), 6)), {
      messages: 3,
      bytes: 3 * 64,
    });
    assert.deepEqual(await traffic((world) => world.iscatter(whole(), block(), 6)), {
      messages: 3,
      bytes: 3 * 64,
    });
    assert.deepEqual(await traffic((world) => world.ireduce(block(), block(), SUM, 6)), {
      messages: 3,
      bytes: 3 * 16,
    });
  });

  it('go between leaders alone where all want what all have', async () => {
    assert.equal((await traffic((world) => world.ibarrier())).messages, 4 * 2);
    assert.equal((await traffic((world) => world.iallreduce(block(), block(), SUM))).messages, 4 * 2);
    assert.equal((await traffic((world) => world.iallgather(block(), whole()))).messages, 4 * 2);
    assert.equal((await traffic((world) => world.ialltoall(whole(), whole()))).messages, 4 * 3);
  });

  it('carry a long broadcast once into each group, in segments', async () => {
    const { messages, bytes: moved } = await traffic((world) => world.ibcast(new Float64Array(length), 6));
    assert.deepEqual([messages, moved], [3 * ((length * 8) / segment), 3 * length * 8]);
  });

  it('carry a long all reduce as shards: from each rank its share of what Rabenseifner takes', async () => {
    const { bytes: moved } = await traffic((world) =>
      world.iallreduce(new Float64Array(length), new Float64Array(length), SUM),
    );
    assert.equal(moved, 4 * 2 * (3 / 4) * length * 8);
  });

  it('carry each block of a long all gather once into each group', async () => {
    const { bytes: moved } = await traffic((world) =>
      world.iallgather(new Float64Array(1 << 12), new Float64Array(1 << 16)),
    );
    assert.equal(moved, 4 * 15 * (1 << 15));
  });
});

describe('collectives of nothing', () => {
  for (const [name, groups] of Object.entries(shapes))
    it(`end as others do: ${name}`, async () => {
      await run(groups, 9, async (world) => {
        const none = new Float64Array(0);
        await world.ibcast(none, 1);
        await world.igather(none, none, 1);
        await world.iscatter(none, none, 1);
        await world.iallgather(none, none);
        await world.ialltoall(none, none);
        await world.ireduce(none, none, SUM, 1);
        await world.iallreduce(none, none, SUM);
        await world.ireduceScatterBlock(none, none, SUM);
        await world.iscan(none, none, SUM);
        await world.iexscan(none, none, SUM);
        await world.ibarrier();
      });
    });
});

describe('groups', () => {
  it('are those of the ranks of a communicator, by their first ranks', () => {
    assert.deepEqual(groupRanks([5, 4, 1, 0], [7, 7, 7, 7, 3, 3]), [
      [0, 1],
      [2, 3],
    ]);
    assert.equal(shapeOf([[0, 2], [1]]).contiguous, false);
    assert.equal(shapeOf([[0], [1, 2]]).contiguous, true);
  });

  it('must be given for every rank', async () => {
    await assert.rejects(
      runWorld(2, 1, () => Promise.resolve(), { groups: [0] }),
      /groups: 2 whole numbers are needed, not 0/,
    );
  });

  it('make no difference where there is one, or where each has one rank, or where the user says so', () => {
    const size = { bytes: 8, units: 1, commutes: true };
    assert.equal(choose('bcast', shapeOf([[0, 1, 2]]), size), undefined);
    assert.equal(choose('bcast', shapeOf([[0], [1]]), size), undefined);
    assert.equal(choose('bcast', shapeOf([[0, 1], [2]], { bcast: 'flat' }), size), undefined);
    assert.equal(choose('bcast', shapeOf([[0, 1], [2]]), size), 'leaders');
  });
});
