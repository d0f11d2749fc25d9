import assert from 'node:assert/strict';
import { it } from 'node:test';
import { VirtualClock } from '../time/clock.ts';
import { faulty } from '../transport/faults.ts';
import { MemoryBus } from '../transport/memory/bus.ts';
import { ActivityWord, unwatched } from './activity.ts';
import { worldOf } from './communicator.ts';
import { Engine } from './engine.ts';

it('a message of any length that the bus loses says that its peer is lost, to its caller and to the launcher', () => {
  for (const length of [8, 5000]) {
    const bus = new MemoryBus({ width: 2 });
    const clock = new VirtualClock();
    const ports = [faulty(bus.attach(0), { lose: 1 }, 1, clock), bus.attach(1)];
    const watch = unwatched();
    const [a, b] = ports.map(
      (port, rank) => new Engine({ port, rank, size: 2, eager: 200, ...(rank === 0 && { watch }) }),
    );
    assert.ok(a && b);
    while (!a.complete || !b.complete) a.progress() + b.progress();
    const request = worldOf(a).issend(new Uint8Array(length), 1);
    for (let i = 0; i < 20; i++) a.progress() + b.progress();
    assert.throws(() => request.wait(), { errorClass: 'ERR_PROC_FAILED', message: /rank 1: nexus-lost/ });
    assert.equal(watch.words[ActivityWord.lost], 2, 'one more than the rank');
  }
});

it('data that the bus loses after their envelope has arrived are no other error', () => {
  const bus = new MemoryBus({ width: 2 });
  const clock = new VirtualClock();
  const faults = { lose: 0 };
  const ports = [faulty(bus.attach(0), faults, 1, clock), bus.attach(1)];
  const [a, b] = ports.map((port, rank) => new Engine({ port, rank, size: 2, eager: 200, piece: 256 }));
  assert.ok(a && b);
  while (!a.complete || !b.complete) a.progress() + b.progress();
  const request = worldOf(a).isend(new Uint8Array(50_000), 1);
  for (let i = 0; i < 10; i++) a.progress() + b.progress();
  faults.lose = 1;
  worldOf(b).irecv(new Uint8Array(50_000), 0);
  for (let i = 0; i < 50 && !request.done; i++) a.progress() + b.progress();
  assert.throws(() => request.wait(), { errorClass: 'ERR_PROC_FAILED' });
});
