/** What MPI-4.0 says of single calls, clause by clause; the laws of messages and collectives are tested beside. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createKeyval } from './attributes.ts';
import { CartesianCommunicator, cartCreate, dimsCreate } from './cartesian.ts';
import type { Communicator } from './communicator.ts';
import { testAll, testAny, testSome, waitAny, waitSome } from './completion.ts';
import { ANY_TAG, IN_PLACE, PROC_NULL } from './constants.ts';
import * as ops from './ops.ts';
import { startAll } from './persistent.ts';
import { runWorld } from './virtual-world.test.ts';

async function alone(program: (world: Communicator) => Promise<void>): Promise<void> {
  await runWorld(1, 1, program);
}

describe('requests (§3.7.5)', () => {
  it('are told of once by waitAny and waitSome, and then passed over', () =>
    alone(async (world) => {
      const receives = [1, 2, 3].map((tag) => world.irecv(new Uint8Array(1), 0, tag));
      for (const tag of [3, 1]) world.send(new Uint8Array(1), 0, tag);
      assert.deepEqual(
        [waitAny(receives)?.index, waitAny(receives)?.index, testAny(receives)],
        [0, 2, undefined],
      );
      assert.deepEqual(testSome(receives), []);
      world.send(new Uint8Array(1), 0, 2);
      assert.deepEqual(
        waitSome(receives).map(({ index }) => index),
        [1],
      );
      assert.deepEqual([waitAny(receives), waitSome(receives), waitAny([])], [undefined, [], undefined]);
    }));

  it('are told of by testAll when the last is done, not before', () =>
    alone(async (world) => {
      const [first, second] = [new Uint8Array(1), new Uint8Array(1)];
      const receives = [world.irecv(first, 0, 1), world.irecv(second, 0, 2)];
      world.send(Uint8Array.of(8), 0, 2);
      assert.deepEqual([testAll(receives), second[0]], [undefined, 8]);
      world.send(Uint8Array.of(7), 0, 1);
      const statuses = testAll(receives) ?? [];
      assert.deepEqual([statuses.map(({ tag }) => tag), first[0]], [[1, 2], 7]);
      assert.equal(waitAny(receives), undefined);
      assert.deepEqual(testAll([]), []);
    }));

  it('that are awaited are passed over, too', () =>
    alone(async (world) => {
      const receives = [1, 2].map((tag) => world.irecv(new Uint8Array(1), 0, tag));
      for (const tag of [1, 2]) world.send(new Uint8Array(1), 0, tag);
      await receives[0];
      assert.equal(waitAny(receives)?.index, 1);
    }));

  it('persistent, are inactive until started, and begin anew each time (§3.9)', () =>
    alone(async (world) => {
      const buffer = new Uint8Array(1);
      const [receive, send] = [world.recvInit(buffer, 0, 5), world.sendInit(Uint8Array.of(7), 0, 5)];
      assert.equal(waitAny([receive, send]), undefined);
      receive.start();
      assert.throws(() => receive.start(), { errorClass: 'ERR_REQUEST' });
      receive.cancel();
      assert.equal(receive.wait().cancelled, true);
      startAll([receive, send]);
      assert.equal(waitSome([receive, send]).length, 2);
      assert.deepEqual([buffer[0], receive.status.cancelled], [7, false]);
    }));
});

describe('send modes (§3.4)', () => {
  it('are done at once when buffered, and as a standard send when ready', async () => {
    await runWorld(2, 5, async (world) => {
      const [peer, length] = [1 - world.rank, 5000];
      const [early, late] = [new Uint8Array(length), new Uint8Array(length)];
      const posted = world.irecv(early, peer, 1);
      await world.ibarrier(); // the receive of the other rank is posted, too
      await world.irsend(new Uint8Array(length).fill(world.rank + 1), peer, 1);
      const data = new Uint8Array(length).fill(world.rank + 3);
      assert.ok(world.ibsend(data, peer, 2).done, 'nobody has asked for it yet');
      data.fill(0);
      assert.equal((await posted).bytes, length);
      await world.irecv(late, peer, 2);
      assert.ok(early.every((byte) => byte === peer + 1) && late.every((byte) => byte === peer + 3));
    });
  });
});

describe('matched probes (§3.8.2)', () => {
  it('of PROC_NULL find a message without anything in it', () =>
    alone(async (world) => {
      const message = world.mprobe(PROC_NULL);
      const { source, tag, bytes } = message.recv(new Uint8Array(3));
      assert.deepEqual([source, tag, bytes], [PROC_NULL, ANY_TAG, 0]);
    }));

  it('give a message that is received once, and that no other receive gets', () =>
    alone(async (world) => {
      world.send(Uint8Array.of(1), 0, 1);
      world.send(Uint8Array.of(2), 0, 1);
      const message = world.mprobe(0, 1);
      const [first, second] = [new Uint8Array(1), new Uint8Array(1)];
      world.recv(second, 0, 1);
      message.recv(first);
      assert.deepEqual([first[0], second[0]], [1, 2]);
      assert.throws(() => message.recv(first), { errorClass: 'ERR_REQUEST' });
    }));

  it('that do not block find nothing, or a message that is received as a request', () =>
    alone(async (world) => {
      assert.equal(world.improbe(0, 1), undefined);
      world.send(Uint8Array.of(4, 5), 0, 1);
      const message = world.improbe(0, 1);
      assert.ok(message);
      assert.deepEqual([message.status.bytes, world.improbe(0, 1)], [2, undefined]);
      const buffer = new Uint8Array(3);
      const { source, tag, bytes } = message.irecv(buffer).wait();
      assert.deepEqual([source, tag, bytes, ...buffer], [0, 1, 2, 4, 5, 0]);
    }));
});

describe('collectives', () => {
  it('in place elsewhere than at the root are an error at once (§6.5, §6.6, §6.9.1)', async () => {
    await runWorld(2, 4, async (world) => {
      if (world.rank === 0) return;
      const data = new Int32Array(2);
      const wrong = { errorClass: 'ERR_BUFFER' };
      assert.throws(() => world.igather(IN_PLACE, data), wrong);
      assert.throws(() => world.igatherv(IN_PLACE, data, [1, 1]), wrong);
      assert.throws(() => world.iscatter(data, IN_PLACE), wrong);
      assert.throws(() => world.iscatterv(data, [1, 1], IN_PLACE), wrong);
      assert.throws(() => world.ireduce(IN_PLACE, data, ops.SUM), wrong);
    });
  });

  it('multiply integers of 32 bits modulo 2³², as C does', () => {
    for (const type of [Int32Array, Uint32Array])
      fc.assert(
        fc.property(fc.integer(), fc.integer(), (a, b) => {
          const [x, y] = [type.of(a), type.of(b)];
          const bits = BigInt(x[0] as number) * BigInt(y[0] as number);
          ops.PROD.apply(x, y);
          assert.equal(BigInt.asUintN(32, BigInt(y[0] as number)), BigInt.asUintN(32, bits));
        }),
      );
  });

  it('add arrays of any length, element by element', () => {
    for (const type of [Float64Array, Float32Array, Int32Array, Uint8Array])
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(1e9), fc.nat(1e9)), { maxLength: 40 }), (pairs) => {
          const [a, b] = [type.from(pairs.map(([x]) => x)), type.from(pairs.map(([, y]) => y))];
          const sums = type.from(pairs.map((_, i) => (a[i] as number) + (b[i] as number)));
          ops.SUM.apply(a, b);
          assert.deepEqual(b, sums);
        }),
      );
  });

  it('keep together what a user operation says belongs together (§6.9.5)', async () => {
    /** Complex numbers, multiplied. */
    const times = ops.createOp(
      (input, inout) => {
        assert.equal(inout.length % 2, 0);
        const [a, b] = [input as Float64Array, inout as Float64Array];
        for (let i = 0; i < b.length; i += 2) {
          const [re, im, x, y] = [a[i], a[i + 1], b[i], b[i + 1]] as [number, number, number, number];
          b[i] = re * x - im * y;
          b[i + 1] = re * y + im * x;
        }
      },
      true,
      'complex product',
      2,
    );
    for (const size of [2, 3, 4, 7])
      await runWorld(size, size, async (world) => {
        const work = new Float64Array(1002).map((_, i) => i % 2); // i, again and again
        await world.iallreduce(IN_PLACE, work, times);
        const powers = [
          [1, 0],
          [0, 1],
          [-1, 0],
          [0, -1],
        ];
        assert.deepEqual(
          [work[0], work[1]].map((x) => (x ?? 0) + 0),
          powers[size % 4],
        );
        assert.deepEqual([work[1000], work[1001]], [work[0], work[1]]);
      });
  });
});

describe('topologies (§8.5)', () => {
  it('stay with duplicates', async () => {
    await runWorld(1, 1, async (world) => {
      const grid = cartCreate(world, [1, 1], [true, false]);
      const twin = grid?.dup();
      assert.ok(twin instanceof CartesianCommunicator);
      assert.notEqual(twin.context, grid?.context);
      assert.deepEqual(
        [twin.dims, twin.periodic],
        [
          [1, 1],
          [true, false],
        ],
      );
      assert.deepEqual(twin.shift(0), { source: 0, dest: 0 });
      assert.deepEqual(twin.shift(1), { source: PROC_NULL, dest: PROC_NULL });
    });
  });

  it('refuse dimensions and coordinates that are none', () =>
    alone(async (world) => {
      for (const dims of [[-1, -1], [0], [1.5]])
        assert.throws(() => cartCreate(world, dims), { errorClass: 'ERR_DIMS' });
      assert.throws(() => cartCreate(world, [1], []), { errorClass: 'ERR_DIMS' });
      assert.throws(() => cartCreate(world, [2]), { errorClass: 'ERR_TOPOLOGY' });
      assert.throws(() => cartCreate(world, [1])?.rankAt([0, 0]), { errorClass: 'ERR_ARG' });
      assert.throws(() => dimsCreate(4, [-2, 0]), { errorClass: 'ERR_DIMS' });
      assert.throws(() => dimsCreate(4, [3, 0]), { errorClass: 'ERR_DIMS' });
    }));
});

describe('attributes (§7.7)', () => {
  it('are copied by dup as their key says, and told when they go, the last first', () =>
    alone(async (world) => {
      const gone: string[] = [];
      const told = (name: string) => (value: number) => void gone.push(`${name} ${value}`);
      const kept = createKeyval<number>((value) => value + 1, told('kept'));
      const left = createKeyval<number>(undefined, told('left'));
      world.setAttribute(left, 1);
      world.setAttribute(kept, 10);
      world.setAttribute(kept, 20);
      assert.deepEqual(gone, ['kept 10']);
      const twin = world.dup();
      assert.deepEqual([twin.getAttribute(kept), twin.getAttribute(left)], [21, undefined]);
      twin.free();
      world.deleteAttribute(createKeyval());
      world.deleteAttributes();
      assert.deepEqual(gone, ['kept 10', 'kept 21', 'kept 20', 'left 1']);
      assert.throws(() => twin.send(new Uint8Array(1), 0), { errorClass: 'ERR_COMM' });
    }));
});

describe('error handlers (§9.3)', () => {
  it('are told before the call throws, and go along with what is made from the communicator', () =>
    alone(async (world) => {
      const told: string[] = [];
      world.errorHandler = (error) => void told.push(error.errorClass);
      const twin = world.dup();
      assert.throws(() => twin.send(new Uint8Array(1), 9), { errorClass: 'ERR_RANK' });
      assert.throws(() => twin.recv(new Uint8Array(1), 0, -7), { errorClass: 'ERR_TAG' });
      twin.send(new Uint8Array(9), 0, 1);
      assert.throws(() => twin.recv(new Uint8Array(1), 0, 1), { errorClass: 'ERR_TRUNCATE' });
      twin.send(new Uint8Array(9), 0, 1);
      const matched = twin.mprobe(0, 1);
      assert.throws(() => matched.recv(new Uint8Array(1)), { errorClass: 'ERR_TRUNCATE' });
      assert.throws(() => twin.reduce(new Uint8Array(1), undefined, ops.SUM), { errorClass: 'ERR_BUFFER' });
      assert.deepEqual(told, ['ERR_RANK', 'ERR_TAG', 'ERR_TRUNCATE', 'ERR_TRUNCATE', 'ERR_BUFFER']);
    }));
});
