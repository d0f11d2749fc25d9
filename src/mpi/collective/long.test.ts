import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Communicator } from '../communicator.ts';
import { SUM } from '../ops.ts';
import { Schedule, type Steps } from '../schedule.ts';
import { runWorld } from '../virtual-world.test.ts';
import type { Lane } from './lane.ts';
import { rabenseifnerAllreduce } from './rabenseifner-allreduce.ts';
import { ringAllreduce } from './ring-allreduce.ts';
import { scatterBcast } from './scatter-bcast.ts';

/** What is only taken for long messages is shown to be right with short ones. */
const ranks = [2, 3, 4, 5, 7, 8];
const lengths = [8, 13, 700, 2051];

async function run(world: Communicator, steps: (lane: Lane) => Steps): Promise<void> {
  const lane = world.lane();
  const request = lane.engine.request('collective');
  lane.engine.add(new Schedule(steps(lane), request));
  await request;
}

const mine = (rank: number, length: number) => Int32Array.from({ length }, (_, i) => rank * 1000 + i);
const summed = (size: number, length: number) =>
  Int32Array.from({ length }, (_, i) => (size * (size - 1) * 1000) / 2 + size * i);

describe('algorithms for long messages', () => {
  for (const [name, allreduce] of Object.entries({ rabenseifnerAllreduce, ringAllreduce }))
    it(`${name} gives every rank the sum`, async () => {
      for (const size of ranks)
        for (const length of lengths)
          await runWorld(size, size * length, async (world) => {
            const work = mine(world.rank, length);
            await run(world, (lane) => allreduce(lane, work, SUM));
            assert.deepEqual(work, summed(size, length));
          });
    });

  it("scatterBcast gives every rank the root's data", async () => {
    for (const size of ranks)
      for (const length of lengths)
        await runWorld(size, size * length, async (world) => {
          for (const root of [0, size - 1]) {
            const data = mine(world.rank, length);
            await run(world, (lane) => scatterBcast(lane, data, root));
            assert.deepEqual(data, mine(root, length));
          }
        });
  });
});
