import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hex } from '../bytes/hex.ts';
import { Status } from '../scsi/status.ts';
import { VirtualClock } from '../time/clock.ts';
import { Task } from '../transport/task.ts';
import { worldOf } from './communicator.ts';
import { waitAll } from './completion.ts';
import { engines, troubled } from './virtual-world.test.ts';

/** What a target answers to a command of rank 1's, sent as bytes. */
function answerTo(cdb: Uint8Array, data: Uint8Array): { status: number; lost: boolean } {
  const [a, b] = engines(2);
  assert.ok(a && b);
  const nexus = b.port.targets.get(0);
  assert.ok(nexus);
  const task = new Task();
  let ended = false;
  task.done = () => {
    ended = true;
  };
  task.setCdb(cdb);
  task.setDataOut(data);
  assert.ok(nexus.submit(task));
  nexus.kick();
  for (let i = 0; i < 20 && !ended; i++) a.progress() + b.progress();
  assert.ok(ended);
  return { status: task.status, lost: a.channels[1]?.dead !== undefined };
}

const send10 = hex`2a 00 0000 0000 00 0018 00`;
const envelope = (sequence: number) =>
  hex`01 00 0001 00000000 00000007 00000000 0000 0000 00000000`.map((byte, i) =>
    i === 23 ? sequence : byte,
  );

describe('a target', () => {
  it('answers BUSY to what came before its turn, and ends the nexus for a repetition', () => {
    assert.deepEqual(answerTo(send10, envelope(0)), { status: Status.good, lost: false });
    assert.deepEqual(answerTo(send10, envelope(3)), { status: Status.busy, lost: false });
    const behind = envelope(0);
    behind.fill(0xff, 20, 24);
    assert.deepEqual(answerTo(send10, behind), { status: Status.checkCondition, lost: true });
  });

  it('answers BUSY to data whose envelope has not come', () => {
    const send12 = hex`aa 00 0000 0005 00000004 00 00`;
    assert.deepEqual(answerTo(send12, new Uint8Array(4)), { status: Status.busy, lost: false });
  });
});

describe('on a bus that refuses commands', () => {
  it('a long message arrives whole, from memory of both kinds', () => {
    const clock = new VirtualClock();
    for (let seed = 1; seed <= 40; seed++) {
      const [a, b] = engines(2, { ...troubled(seed), eager: 64, pieces: 4, piece: 128 }, clock);
      assert.ok(a && b);
      const heap = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7 + seed) & 0xff);
      const own = a.port.allocate(heap.length);
      a.staging.know(own);
      own.set(heap);
      const [first, second] = [new Uint8Array(heap.length), new Uint8Array(heap.length)];
      const [sender, receiver] = [worldOf(a), worldOf(b)];
      const requests = [
        sender.isend(heap, 1, 1),
        sender.isend(own, 1, 2),
        receiver.irecv(second, 0, 2),
        receiver.irecv(first, 0, 1),
      ];
      for (let i = 0; i < 5000 && requests.some(({ done }) => !done); i++) {
        a.progress();
        b.progress();
        clock.advance(0.5);
      }
      assert.ok(
        requests.every(({ done }) => done),
        `seed ${seed}`,
      );
      waitAll(requests);
      assert.deepEqual(first, heap);
      assert.deepEqual(second, heap);
    }
  });
});
