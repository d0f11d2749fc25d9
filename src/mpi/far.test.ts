/** Long messages from ordinary arrays, some staged and some fetched where they lie, in any mixture. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openShmPort, type ShmPort } from '../transport/shm/port.ts';
import { type Communicator, worldOf } from './communicator.ts';
import { Engine } from './engine.ts';
import type { Request } from './request.ts';
import { dice } from './virtual-world.test.ts';

/** Counts the commands whose data-out is fetched far. */
function counting(port: ShmPort): () => number {
  let count = 0;
  const { target } = port;
  assert.ok(target);
  const inner = target.command.bind(target);
  target.command = (command) => {
    if (command.far) count++;
    inner(command);
  };
  return () => count;
}

const letter = (number: number, length: number) =>
  Uint8Array.from({ length }, (_, i) => (number * 101 + (i ^ (i >> 8))) & 0xff);

/** Two ranks of this process, on a bus of their own that fetches far data-out. */
function twoRanks(context: TestContext, memory = 0, crowded = false) {
  const root = mkdtempSync('/dev/shm/ipscsi-test-');
  const options = { directory: join(root, 'bus'), bus: 'mpi', width: 2, far: true };
  const open = (id: number) =>
    openShmPort({ ...options, memory: Engine.memoryNeed(2) + memory, id, hostName: `rank ${id}` });
  const ports = [open(0), open(1)] as const;
  context.after(() => {
    for (const port of ports) port[Symbol.dispose]();
    rmSync(root, { recursive: true, force: true });
  });
  const engines = ports.map((port, rank) => new Engine({ port, rank, size: 2, crowded })) as [Engine, Engine];
  const turn = () => engines.reduce((done, engine) => done + engine.progress(), 0);
  while (!engines.every((engine) => engine.complete)) turn();
  const [a, b] = engines.map(worldOf) as [Communicator, Communicator];
  return { ports, engines, turn, a, b };
}

interface Arrival {
  readonly request: Request;
  readonly buffer: Uint8Array;
  readonly sent: Uint8Array;
}

function check({ request, buffer, sent }: Arrival): void {
  const kept = Math.min(sent.length, buffer.length);
  assert.equal(Buffer.compare(buffer.subarray(0, kept), sent.subarray(0, kept)), 0);
  assert.ok(buffer.subarray(kept).every((byte) => byte === 0));
  if (kept === sent.length) assert.equal(request.wait().bytes, kept);
  else assert.throws(() => request.wait(), { errorClass: 'ERR_TRUNCATE' });
}

test('are fetched where they lie from the first on, where ranks share processors', (context) => {
  const fetched = [false, true].map((crowded) => {
    const { ports, turn, a, b } = twoRanks(context, 0, crowded);
    const far = counting(ports[1]);
    const sent = letter(1, 200_000);
    const buffer = new Uint8Array(sent.length);
    const requests = [b.irecv(buffer, 0, 3), a.isend(sent, 1, 3)];
    while (!requests.every(({ done }) => done)) turn();
    assert.equal(Buffer.compare(buffer, sent), 0);
    return far();
  });
  assert.deepEqual(fetched, [0, 1]);
});

test('arrive whole and in order, or as far as they fit, whichever way they go', (context) => {
  const { ports, turn, a, b } = twoRanks(context);
  const far = counting(ports[1]);
  const random = dice(7);
  const send = (number: number, sends: Request[], arrivals: Arrival[]) => {
    const sent = letter(number, 20_000 + random(number % 20 === 0 ? 2_500_000 : 60_000));
    const buffer = new Uint8Array(random(8) === 0 ? sent.length - 10_000 : sent.length + 5);
    const receive = () => arrivals.push({ request: b.irecv(buffer, 0, 3), buffer, sent });
    const early = random(2) === 0;
    if (early) receive();
    sends.push(a.isend(sent, 1, 3));
    for (let k = random(4); k > 0; k--) turn();
    if (!early) receive();
  };
  for (let round = 0; round < 10; round++) {
    const [sends, arrivals] = [[] as Request[], [] as Arrival[]];
    for (let number = 0; number < 40; number++) send(number, sends, arrivals);
    while (![...sends, ...arrivals.map(({ request }) => request)].every((one) => one.done)) turn();
    arrivals.forEach(check);
    for (const one of sends) one.wait();
  }
  assert.ok(far() >= 5, `${far()} went far`);
});

test('more than a queue holds wait for nobody', (context) => {
  const { engines, turn, a, b } = twoRanks(context, 65536);
  const shared = engines[0].port.allocate(40_000);
  engines[0].staging.know(shared);
  const many = 600;
  const sends = Array.from({ length: many }, (_, tag) => a.isend(shared, 1, tag));
  const buffer = new Uint8Array(40_000);
  const last = b.irecv(buffer, 0, many - 1);
  for (let i = 0; i < 10_000 && !last.done; i++) turn();
  assert.ok(last.done, 'the last one comes although nobody has asked for the others');
  for (let tag = 0; tag < many - 1; tag++) {
    const request = b.irecv(buffer, 0, tag);
    while (!request.done) turn();
    request.wait();
  }
  while (!sends.every((send) => send.done)) turn();
});
