/** MPI on routed ports: the same programs as on one bus, over forwarders and over rails that fail and come back. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faulty } from '../../transport/faults.ts';
import type { Communicator } from '../communicator.ts';
import { Engine, type EngineOptions } from '../engine.ts';
import { SUM } from '../ops.ts';
import { dice, runEngines } from '../virtual-world.test.ts';
import { chainShape, Lab, railsShape, type Shape } from './lab.test.ts';

type Tuning = Partial<Pick<EngineOptions, 'eager' | 'pieces' | 'piece'>>;

/** Engines that see each other. */
function enginesOn(lab: Lab, ranks: number, tuning: Tuning = {}): Engine[] {
  const engines = Array.from(
    { length: ranks },
    (_, rank) => new Engine({ port: lab.open(rank), rank, size: ranks, ...tuning }),
  );
  lab.until('the ranks see each other', () => engines.every((engine) => engine.complete));
  return engines;
}

/** Runs a program, then checks that nothing is left over. */
async function runOn<T>(
  shape: Shape,
  seed: number,
  program: (world: Communicator) => Promise<T>,
  tuning: Tuning = {},
  others: (lab: Lab) => number = () => 0,
): Promise<{ results: T[]; lab: Lab }> {
  const lab = new Lab(shape);
  try {
    const engines = enginesOn(lab, shape.ranks, tuning);
    const results = await runEngines(engines, seed, lab.clock, program, () => lab.forward() + others(lab));
    lab.until('no commands, buffers or messages are left', () => lab.pending === 0);
    return { results, lab };
  } finally {
    lab[Symbol.dispose]();
  }
}

/** Bytes that tell their sender, message and place. */
function content(from: number, to: number, message: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++)
    bytes[i] = Math.imul(i + 7919 * (from + 31 * to + 977 * message), 0x9e3779b1) >>> 24;
  return bytes;
}

/** Everybody sends to everybody, all at once; each checks that all came, once and in order. */
async function everybody(world: Communicator, sizes: readonly number[]): Promise<void> {
  const peers = Array.from({ length: world.size }, (_, i) => i).filter((rank) => rank !== world.rank);
  const sends = peers.flatMap((to) =>
    sizes.map((size, i) => world.isend(content(world.rank, to, i, size), to, 3)),
  );
  for (const [i, size] of sizes.entries())
    await Promise.all(
      peers.map(async (from) => {
        const bytes = new Uint8Array(size + 1);
        const status = await world.irecv(bytes, from, 3);
        assert.equal(status.bytes, size);
        assert.ok(
          Buffer.compare(bytes.subarray(0, size), content(from, world.rank, i, size)) === 0,
          `${from}: ${i}`,
        );
      }),
    );
  await Promise.all(sends);
}

const kib = 1024;
const nearLimits = [
  0,
  1,
  80,
  16384,
  16385,
  64 * kib - 25,
  64 * kib,
  64 * kib + 1,
  124 * kib - 1,
  124 * kib,
  124 * kib + 1,
  128 * kib,
  128 * kib + 1,
  300_000,
];
const twoHosts: Shape = {
  ranks: 4,
  buses: [
    [0, 1, 4],
    [4, 5],
    [5, 2, 3],
  ],
  through: [0, 2],
};

/** Pulls one of three ranks off one of two rails now and then, and puts it back before the next. */
class Saboteur {
  cuts = 0;
  readonly #dice: (n: number) => number;
  #calls = 0;
  #down: readonly [node: number, rail: number] | undefined = undefined;

  constructor(seed: number) {
    this.#dice = dice(seed * 7919);
  }

  act(lab: Lab): number {
    if (++this.#calls % 9 > 0) return 0;
    if (this.#down) {
      lab.restore(...this.#down);
      this.#down = undefined;
    } else {
      this.#down = [this.#dice(3), this.#dice(2)];
      lab.cut(...this.#down);
      this.cuts++;
    }
    return 1;
  }
}

describe('MPI over routed ports', () => {
  const shapes: Readonly<Record<string, Shape>> = {
    'one bus': railsShape(3, 1),
    'a chain with forwarders': chainShape(4),
    'two rails': railsShape(3, 2),
    'two hosts with a forwarder each': twoHosts,
  };
  for (const [name, shape] of Object.entries(shapes)) {
    it(`${name}: messages of all sizes, once and in order`, async () => {
      await runOn(shape, 5, (world) => everybody(world, nearLimits));
    });

    it(`${name}: collectives`, async () => {
      await runOn(
        shape,
        9,
        async (world) => {
          const own = Float64Array.from({ length: 500 }, (_, i) => i * (world.rank + 1));
          const all = new Float64Array(500);
          await world.iallreduce(own, all, SUM);
          const factor = (world.size * (world.size + 1)) / 2;
          assert.ok(all.every((x, i) => x === i * factor));
          const bytes = world.rank === 1 ? content(1, 0, 0, 200_000) : new Uint8Array(200_000);
          await world.ibcast(bytes, 1);
          assert.ok(Buffer.compare(bytes, content(1, 0, 0, 200_000)) === 0);
          await world.ibarrier();
        },
        { eager: 1000, pieces: 8, piece: 4096 },
      );
    });
  }

  it('two rails carry a stream together', async () => {
    const { lab } = await runOn(
      railsShape(2, 2),
      3,
      (world) => everybody(world, new Array(8).fill(1 << 20)),
      {
        piece: 65536,
      },
    );
    for (const { node } of lab.ports) {
      const [one, other] = node.rails.map(({ sent }) => sent);
      assert.ok(one && other && Math.min(one, other) > 0.3 * Math.max(one, other), `${one} and ${other}`);
    }
  });

  it('long messages that nobody has asked for do not hold up the one that somebody asks for', async () => {
    const count = 60;
    for (const shape of [railsShape(2, 1), chainShape(2)])
      await runOn(shape, 4, async (world) => {
        const tags = Array.from({ length: count }, (_, tag) => tag);
        if (world.rank === 0)
          await Promise.all(tags.map((tag) => world.isend(content(0, 1, tag, 100_000 + tag), 1, tag)));
        else
          for (const tag of tags.reverse()) {
            const bytes = new Uint8Array(100_000 + tag);
            await world.irecv(bytes, 0, tag);
            assert.ok(Buffer.compare(bytes, content(0, 1, tag, bytes.length)) === 0);
          }
      });
  });

  for (const seed of [1, 2, 3])
    it(`rails that fail and come back lose, double and reorder nothing (${seed})`, async () => {
      const saboteur = new Saboteur(seed);
      await runOn(
        railsShape(3, 2),
        seed,
        async (world) => {
          for (let round = 0; round < 8; round++) {
            await everybody(world, [10, 40_000, 300_000, 5, 130_000]);
            await world.ibarrier();
          }
        },
        {},
        (lab) => saboteur.act(lab),
      );
      assert.ok(saboteur.cuts >= 5, `rails were cut ${saboteur.cuts} times`);
    });

  it('a forwarder that dies in mid-run is gone round', async () => {
    const shape: Shape = {
      ranks: 2,
      buses: [
        [0, 2, 3],
        [1, 2, 3],
      ],
    };
    let calls = 0;
    const others = (lab: Lab) => {
      if (++calls !== 20) return 0;
      for (const bus of [0, 1]) lab.cut(2, bus);
      return 1;
    };
    const { lab } = await runOn(
      shape,
      6,
      async (world) => {
        for (let round = 0; round < 4; round++) await everybody(world, [50, 400_000, 7]);
      },
      {},
      others,
    );
    assert.ok(calls > 20);
    assert.ok(
      lab.forwarders.every(({ node }) => node.router.counters.forwarded > 0),
      'both had something to do',
    );
  });

  for (const seed of [1, 2])
    it(`buses that refuse, delay and lose commands do no harm (${seed})`, async () => {
      let port = seed * 1000;
      const wrap: Shape['wrap'] = (inner, clock) =>
        faulty(inner, { busy: 0.05, full: 0.05, delay: 0.1, delayMs: 8, lose: 0.03 }, port++, clock);
      for (const shape of [railsShape(3, 2), chainShape(3)])
        await runOn({ ...shape, wrap }, seed, (world) => everybody(world, [3, 20_000, 150_000, 0, 70_000]));
    });
});
