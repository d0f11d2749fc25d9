import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Communicator } from './communicator.ts';
import { waitAll } from './completion.ts';
import { ANY_SOURCE, ANY_TAG, PROC_NULL } from './constants.ts';
import { MpiError } from './errors.ts';
import type { Request } from './request.ts';
import { dice, engines, narrow, runWorld, troubled } from './virtual-world.test.ts';

/** A message that tells who sent it, with which tag, and as which of its kind. */
function letter(from: number, tag: number, count: number, length: number): Int32Array {
  const data = new Int32Array(length).fill(-1);
  data.set([from, tag, count].slice(0, length));
  return data;
}

const message = fc.record({
  from: fc.nat(15),
  to: fc.nat(15),
  tag: fc.nat(2),
  /** Words: around the eager limit of 200 bytes, and pieces of 512. */
  length: fc.constantFrom(3, 10, 49, 50, 51, 128, 129, 700, 3000),
  synchronous: fc.boolean(),
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

/** Sends its messages, and receives what is for it with wildcards chosen at random. */
async function correspond(world: Communicator, all: readonly Message[], seed: number): Promise<void> {
  const { rank, size } = world;
  const random = dice(seed + rank * 7919);
  const sends: Request[] = [];
  const receives: { request: Request; buffer: Int32Array }[] = [];
  const mine = all.filter(({ to }) => to % size === rank);
  for (let i = 0; i < mine.length; i++) {
    const buffer = new Int32Array(3000);
    receives.push({ buffer, request: world.irecv(buffer, ANY_SOURCE, ANY_TAG) });
    if (random(3) === 0) await world.iprobe();
  }
  for (const [count, { from, to, tag, length, synchronous }] of all.entries()) {
    if (from % size !== rank) continue;
    const data = letter(rank, tag, count, length);
    sends.push(synchronous ? world.issend(data, to % size, tag) : world.isend(data, to % size, tag));
  }
  const last = new Map<number, number>();
  for (const { request, buffer } of receives) {
    const { source, tag, bytes } = await request;
    const [from = -1, label = -1, count = -1] = buffer;
    const sent = all[count];
    assert.ok(sent);
    assert.deepEqual([from, label, bytes], [source, tag, sent.length * 4]);
    assert.deepEqual([sent.from % size, sent.to % size], [source, rank]);
    assert.ok(buffer.subarray(3, sent.length).every((word) => word === -1));
    assert.ok((last.get(source) ?? -1) < count, 'messages do not overtake');
    last.set(source, count);
  }
  for (const send of sends) await send;
}

describe('messages', () => {
  it('arrive once, whole, and in order, whatever the interleaving', async () => {
    const run = async (size: number, seed: number, all: readonly Message[], trouble: boolean) => {
      const tuning = trouble ? troubled(seed) : narrow;
      await runWorld(size, seed, (world) => correspond(world, all, seed), tuning);
    };
    const sizes = fc.constantFrom(1, 2, 3, 4, 7, 8, 16);
    const messages = fc.array(message, { maxLength: 60, size: 'max' });
    await fc.assert(fc.asyncProperty(sizes, fc.integer(), messages, fc.boolean(), run), { numRuns: 100 });
  });

  it('are matched by source and tag, in the order of posting', async () => {
    await runWorld(3, 5, async (world) => {
      if (world.rank > 0) {
        for (const tag of [4, 5]) await world.isend(Int32Array.of(world.rank * 10 + tag), 0, tag);
        return;
      }
      const buffers = Array.from({ length: 4 }, () => new Int32Array(1));
      const [a, b, c, d] = buffers as [Int32Array, Int32Array, Int32Array, Int32Array];
      const requests = [
        world.irecv(a, 2, 5),
        world.irecv(b, 1, ANY_TAG),
        world.irecv(c, ANY_SOURCE, 5),
        world.irecv(d),
      ];
      for (const request of requests) await request;
      assert.deepEqual([a[0], b[0], c[0], d[0]], [25, 14, 15, 24]);
    });
  });

  it('wait in any number for a receiver that takes the last first', async () => {
    await runWorld(2, 11, async (world) => {
      const count = 200;
      const data = (i: number) => new Int32Array(i % 3 === 0 ? 400 : 5).fill(i);
      if (world.rank === 0) {
        const sends = Array.from({ length: count }, (_, i) => world.isend(data(i), 1, i));
        for (const send of sends) await send;
        return;
      }
      for (let i = count - 1; i >= 0; i--) {
        const buffer = new Int32Array(400);
        const { bytes } = await world.irecv(buffer, 0, i);
        assert.deepEqual(buffer.subarray(0, bytes / 4), data(i));
      }
    });
  });

  it('synchronous, are done only when they are matched', async () => {
    const [a, b] = engines(2);
    assert.ok(a && b);
    const { worldOf } = await import('./communicator.ts');
    const [sender, receiver] = [worldOf(a), worldOf(b)];
    const short = sender.issend(new Uint8Array(8), 1, 1);
    const long = sender.issend(new Uint8Array(5000), 1, 2);
    const both = () => {
      for (let i = 0; i < 50; i++) a.progress() + b.progress();
    };
    both();
    assert.deepEqual([short.done, long.done], [false, false]);
    receiver.irecv(new Uint8Array(8), 0, 1);
    receiver.irecv(new Uint8Array(5000), 0, 2);
    both();
    assert.deepEqual([short.done, long.done], [true, true]);
  });

  it('to and from nobody are done at once', async () => {
    await runWorld(1, 1, async (world) => {
      world.send(new Uint8Array(3), PROC_NULL);
      const { source, tag, bytes } = world.recv(new Uint8Array(3), PROC_NULL);
      assert.deepEqual([source, tag, bytes], [PROC_NULL, ANY_TAG, 0]);
    });
  });

  it('that are too long are an error of the receiver, which can go on', async () => {
    await runWorld(2, 9, async (world) => {
      for (const length of [40, 4000]) {
        if (world.rank === 0) await world.isend(new Uint8Array(length), 1);
        else
          await assert.rejects(Promise.resolve(world.irecv(new Uint8Array(10), 0)), {
            errorClass: 'ERR_TRUNCATE',
          });
      }
      await world.ibarrier();
    });
  });

  it('of a peer that has gone fail, and say who', async () => {
    const [a, b] = engines(2);
    assert.ok(a && b);
    const { worldOf } = await import('./communicator.ts');
    const receive = worldOf(a).irecv(new Uint8Array(4), 1, 3);
    const send = worldOf(a).isend(new Uint8Array(4000), 1, 3);
    a.progress();
    b.port[Symbol.dispose]();
    for (let i = 0; i < 5; i++) a.progress();
    for (const request of [receive, send])
      assert.throws(
        () => waitAll([request]),
        (error) =>
          error instanceof MpiError && error.errorClass === 'ERR_PROC_FAILED' && /rank 1/.test(error.message),
      );
  });
});
