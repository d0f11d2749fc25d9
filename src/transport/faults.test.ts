import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ScriptedTarget } from '../../contract/scripted-target.ts';
import { pattern } from '../../contract/stage.ts';
import { Status } from '../scsi/status.ts';
import { type Faults, faulty } from './faults.ts';
import { MemoryBus } from './memory/bus.ts';
import { xorshift } from './random.ts';
import { Task } from './task.ts';
import type { InitiatorNexus } from './transport.ts';

/** A faulty initiator (ID 0) and a sound target (ID 1) on one bus. */
function open(faults: Faults, seed = 1) {
  const bus = new MemoryBus({ latency: 1, depth: 16 });
  const target = new ScriptedTarget();
  const port = faulty(bus.attach(0), faults, seed, bus.clock);
  const peer = bus.attach(1, { target });
  const ended: Task[] = [];
  const run = (ms = 20) => {
    for (const until = bus.clock.now() + ms; bus.clock.now() < until; bus.clock.advance(0.25)) {
      port.poll();
      peer.poll();
    }
  };
  run();
  const nexus = port.targets.get(1) as InitiatorNexus;
  const send = (task = new Task()) => {
    task.done = () => ended.push(task);
    assert.ok(nexus.submit(task));
    return task;
  };
  return { bus, port, peer, target, nexus, ended, run, send };
}

describe('faults', () => {
  it('loses commands: they end as if their nexus were lost, and never arrive', () => {
    const { ended, run, send, target, nexus } = open({ lose: 1 });
    const task = send();
    assert.deepEqual([ended.length, nexus.queued], [0, 1], 'not from within submit()');
    run();
    assert.deepEqual([ended, task.fault, target.commands, nexus.queued], [[task], 'nexus-lost', 0, 0]);
    assert.equal(nexus.alive, true);
  });

  it('loses commands in silence, until they are aborted', () => {
    const { ended, run, send, nexus } = open({ lose: 1, lost: 'silence' });
    const [first, second] = [send(), send()];
    run(1000);
    assert.deepEqual([ended.length, nexus.queued], [0, 2]);
    nexus.abort(second);
    assert.equal(ended.length, 0);
    run();
    assert.deepEqual([ended, second.fault, first.slot >= 0], [[second], 'aborted', true]);
  });

  it('ends commands lost in silence when their target goes, or their port', () => {
    const gone = open({ lose: 1, lost: 'silence' });
    const task = gone.send();
    gone.peer[Symbol.dispose]();
    gone.run();
    assert.deepEqual([gone.ended, task.fault], [[task], 'nexus-lost']);
    gone.send(task);
    gone.run();
    assert.equal(task.fault, 'selection-timeout');

    const closed = open({ lose: 1, lost: 'silence' });
    closed.send();
    closed.port[Symbol.dispose]();
    assert.deepEqual(
      closed.ended.map(({ fault }) => fault),
      ['closed'],
    );
    closed.send();
    closed.run();
    assert.deepEqual(
      closed.ended.map(({ fault }) => fault),
      ['closed', 'closed'],
    );
  });

  it('counts what it keeps against the limit', () => {
    const { nexus, send } = open({ lose: 1, lost: 'silence' });
    for (let i = 0; i < nexus.limits.maxQueued; i++) send();
    assert.equal(nexus.queued, 16);
    assert.equal(nexus.submit(new Task()), false);
  });

  it('answers BUSY and TASK SET FULL in place of the target', () => {
    for (const [faults, status] of [
      [{ busy: 1 }, Status.busy],
      [{ full: 1 }, Status.taskSetFull],
    ] as const) {
      const { ended, run, send, target } = open(faults);
      const out = send(new Task().setDataOut(pattern(10)));
      const into = send(new Task().setDataIn(pattern(20)));
      assert.equal(ended.length, 0, 'not from within submit()');
      run();
      assert.deepEqual([ended, target.commands], [[out, into], 0]);
      assert.deepEqual([out.fault, out.status, out.residual], [undefined, status, 10]);
      assert.deepEqual([into.fault, into.status, into.residual], [undefined, status, 20]);
    }
  });

  it('turns one bit of the data over, and leaves the sender’s own alone', () => {
    const { run, send, target } = open({ corrupt: 1 });
    const bytes = pattern(100);
    const task = send(new Task().setDataOut(bytes, 30, 40));
    run();
    const arrived = target.seen[0]?.dataOut ?? new Uint8Array(0);
    assert.equal(bitsApart(arrived, bytes.subarray(30, 70)), 1);
    assert.deepEqual([bytes, task.dataOut === bytes, task.dataOutOffset], [pattern(100), true, 30]);
    target.answer = (command) => command.complete(Status.good, undefined, bytes);
    const room = new Uint8Array(200);
    send(new Task().setDataIn(room, 50));
    run();
    assert.equal(bitsApart(room.subarray(50, 150), bytes), 1);
    assert.ok([...room.subarray(0, 50), ...room.subarray(150)].every((byte) => byte === 0));
  });

  it('holds answers back so that others overtake them, no longer than it may', () => {
    const { bus, ended, run, send } = open({ delay: 0.5, delayMs: 8 });
    const tasks = Array.from({ length: 16 }, () => send());
    const start = bus.clock.now();
    const late: number[] = [];
    for (const task of tasks) {
      const { done } = task;
      task.done = () => {
        late.push(bus.clock.now() - start);
        done(task);
      };
    }
    run();
    assert.deepEqual(new Set(ended), new Set(tasks));
    assert.notDeepEqual(ended, tasks);
    assert.ok(
      late.every((ms) => ms >= 2 && ms <= 10.5),
      String(late),
    );
  });

  it('wakes from wait() for an answer it held back, and may not be slept on till then', () => {
    const { bus, port, peer, send, ended } = open({ delay: 1, delayMs: 8 });
    send();
    assert.equal(peer.wait(10), true);
    peer.poll();
    assert.equal(port.wait(10), true);
    port.poll();
    assert.deepEqual([ended.length, port.arm(true)], [0, false]);
    const now = bus.clock.now();
    assert.equal(port.wait(100), true);
    assert.ok(bus.clock.now() > now && bus.clock.now() <= now + 8);
    port.poll();
    assert.deepEqual([ended.length, port.arm(true)], [1, true]);
  });

  it('does the same again for the same seed', () => {
    const faults = { lose: 0.2, busy: 0.2, full: 0.1, delay: 0.3, delayMs: 5 };
    const play = (seed: number) => {
      const { ended, run, send } = open(faults, seed);
      const tasks: Task[] = [];
      for (let i = 0; i < 100; i++) {
        tasks.push(send());
        run(2);
      }
      run();
      return ended.map((task) => [tasks.indexOf(task), task.fault, task.status]);
    };
    assert.deepEqual(play(7), play(7));
    assert.notDeepEqual(play(7), play(8));
  });

  it('ends every task exactly once, whatever goes wrong', () => {
    const chance = fc.constantFrom(0, 0.1, 0.5, 1);
    const faults = fc.record(
      {
        lose: chance,
        lost: fc.constantFrom('nexus-lost' as const, 'silence' as const),
        delay: chance,
        delayMs: fc.nat(10),
        corrupt: chance,
        busy: chance,
        full: chance,
      },
      { noNullPrototype: true },
    );
    type Play = ReturnType<typeof open> & { readonly tasks: Task[] };
    const steps: Readonly<Record<string, (p: Play) => void>> = {
      send: ({ nexus, tasks, send }) => {
        if (nexus.queued < nexus.limits.maxQueued) tasks.push(send(new Task().setDataOut(pattern(9))));
      },
      run: ({ run }) => run(1),
      abort: ({ nexus, tasks }) => nexus.abort(tasks.at(-1) ?? new Task()),
    };
    const ends: Readonly<Record<string, (p: Play) => void>> = {
      'our port closes': ({ port }) => port[Symbol.dispose](),
      'the target goes': ({ peer }) => peer[Symbol.dispose](),
      'all are aborted': ({ nexus, tasks }) => {
        for (const task of tasks) nexus.abort(task);
      },
    };
    const step = fc.constantFrom('send', 'send', 'send', 'run', 'abort');
    const end = fc.constantFrom(...Object.keys(ends));
    const law = (faults: Faults, seed: number, names: readonly string[], end: string) => {
      const play = { ...open(faults, seed), tasks: [] as Task[] };
      for (const name of names) steps[name]?.(play);
      ends[end]?.(play);
      play.run(30);
      const { ended, tasks, nexus } = play;
      assert.deepEqual([ended.length, new Set(ended).size, nexus.queued], [tasks.length, tasks.length, 0]);
      assert.ok(tasks.every((task) => task.slot === -1));
    };
    fc.assert(fc.property(faults, fc.integer(), fc.array(step, { maxLength: 40 }), end, law), {
      numRuns: 200,
    });
  });
});

describe('xorshift', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    const take = (seed: number) => Array.from({ length: 5 }, xorshift(seed));
    assert.deepEqual(take(3), take(3));
    assert.notDeepEqual(take(3), take(4));
    assert.ok(new Set(take(0)).size > 1, 'seed 0 is a seed too');
  });

  it('spreads its numbers evenly over 0 to less than 1', () => {
    const random = xorshift(42);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[Math.floor(10 * random())]++;
    assert.equal(counts.length, 10);
    assert.ok(
      counts.every((count) => count > 850 && count < 1150),
      String(counts),
    );
  });
});

/** How many bits differ. */
function bitsApart(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  let apart = 0;
  for (const [i, byte] of a.entries()) for (let x = byte ^ (b[i] ?? 0); x > 0; x >>>= 1) apart += x & 1;
  return apart;
}
