/** Ranks in one process, on the memory bus, in a random but repeatable interleaving. Programs await their requests. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../time/clock.ts';
import { faulty } from '../transport/faults.ts';
import { MemoryBus } from '../transport/memory/bus.ts';
import type { Topology } from './collective/topology.ts';
import { type Communicator, worldOf } from './communicator.ts';
import { Engine, type EngineOptions } from './engine.ts';

interface Tuning extends Partial<Pick<EngineOptions, 'eager' | 'pieces' | 'piece'>>, Topology {
  readonly depth?: number;
  /** The bus answers BUSY and TASK SET FULL and holds answers back, by dice of this seed. */
  readonly trouble?: number;
}

/** Small limits, so that every path is taken by small messages. */
export const narrow: Tuning = { eager: 200, pieces: 8, piece: 512, depth: 12 };

/** Numbers from 0 to below n, the same for the same seed (xorshift). */
export function dice(seed: number): (n: number) => number {
  let state = seed | 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** As narrow, on a bus that misbehaves. */
export const troubled = (seed: number): Tuning => ({ ...narrow, trouble: seed });

/** Of every eleven commands two are refused, and of the others every fifth hears of its end late. */
const faults = { busy: 0.1, full: 0.1, delay: 0.2, delayMs: 8 };

/** Engines that see each other. The clock is that of a bus that misbehaves. */
export function engines(size: number, tuning: Tuning = narrow, clock = new VirtualClock()): Engine[] {
  const { depth = 64, trouble, ...rest } = tuning;
  const bus = new MemoryBus({ width: Math.max(2, size), depth });
  const made = Array.from({ length: size }, (_, rank) => {
    const attached = bus.attach(rank);
    const port = trouble === undefined ? attached : faulty(attached, faults, trouble + 31 * rank, clock);
    return new Engine({ port, rank, size, ...rest });
  });
  for (let rounds = 0; made.some((engine) => !engine.complete); rounds++) {
    assert.ok(rounds < 100, 'the ranks do not see each other');
    for (const engine of made) engine.progress();
  }
  return made;
}

/** Runs a program on every rank, and gives what each returned. */
export async function runWorld<T>(
  size: number,
  seed: number,
  program: (world: Communicator) => Promise<T>,
  tuning: Tuning = narrow,
): Promise<T[]> {
  const clock = new VirtualClock();
  return runEngines(engines(size, tuning, clock), seed, clock, program);
}

/** The same on engines that are there already; `others` does what else there is to do, and says how much. */
export async function runEngines<T>(
  all: readonly Engine[],
  seed: number,
  clock: VirtualClock,
  program: (world: Communicator) => Promise<T>,
  others: () => number = () => 0,
): Promise<T[]> {
  const size = all.length;
  const random = dice(seed);
  let open = size;
  let failure: unknown;
  const results = all.map((engine) =>
    program(worldOf(engine))
      .catch((error: unknown) => {
        failure ??= error;
        return undefined as T;
      })
      .finally(() => open--),
  );
  await turn();
  for (let idle = 0; open > 0 && failure === undefined; ) {
    const done = (all[random(size)]?.progress() ?? 0) + others();
    clock.advance(1 / size);
    idle = done > 0 ? 0 : idle + 1;
    if (done > 0 || idle % (8 * size) === 0) await turn();
    assert.ok(idle < 400 * size, 'the ranks are stuck');
  }
  if (failure !== undefined) throw failure;
  return Promise.all(results);
}

test('a message goes around a ring', async () => {
  const sums = await runWorld(4, 7, async (world) => {
    const token = new Int32Array(1);
    const next = (world.rank + 1) % world.size;
    if (world.rank === 0) await world.isend(Int32Array.of(5), next, 1);
    await world.irecv(token, undefined, 1);
    if (world.rank !== 0)
      await world.isend(
        token.map((x) => x + 1),
        next,
        1,
      );
    return token[0];
  });
  assert.deepEqual(sums, [8, 5, 6, 7]);
});
