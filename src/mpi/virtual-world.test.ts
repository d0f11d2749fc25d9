/** Ranks in one process, on the memory bus, in a random but repeatable interleaving. Programs await their requests. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBus } from '../transport/memory/bus.ts';
import { type Communicator, worldOf } from './communicator.ts';
import { Engine, type EngineOptions } from './engine.ts';

type Tuning = Partial<Pick<EngineOptions, 'eager' | 'pieces' | 'piece'>> & { readonly depth?: number };

/** Small limits, so that every path is taken by small messages. */
const narrow: Tuning = { eager: 200, pieces: 8, piece: 512, depth: 12 };

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

/** Engines that see each other. */
export function engines(size: number, tuning: Tuning = narrow): Engine[] {
  const { depth = 64, ...rest } = tuning;
  const bus = new MemoryBus({ width: Math.max(2, size), depth });
  const made = Array.from({ length: size }, (_, rank) => {
    const port = bus.attach(rank);
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
  const all = engines(size, tuning);
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
    const done = all[random(size)]?.progress() ?? 0;
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
