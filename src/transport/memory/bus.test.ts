import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { memoryHarness } from '../../../contract/memory-harness.ts';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { pattern } from '../../../contract/stage.ts';
import { transportContract } from '../../../contract/transport.ts';
import { Status } from '../../scsi/status.ts';
import { VirtualClock } from '../../time/clock.ts';
import { Task } from '../task.ts';
import type { InitiatorNexus } from '../transport.ts';
import { MemoryBus, type MemoryBusOptions } from './bus.ts';
import { Fifo } from './fifo.ts';

transportContract('memory', (target) => memoryHarness(target));
transportContract('memory, a slow and narrow bus', (target) =>
  memoryHarness(target, { latency: 3, depth: 4 }),
);

/** A bus with an initiator (ID 0) and a target (ID 1) that see each other. */
function open(options: MemoryBusOptions = {}) {
  const bus = new MemoryBus(options);
  const target = new ScriptedTarget();
  const [a, b] = [bus.attach(0), bus.attach(1, { target })];
  while (bus.poll() > 0);
  return { bus, a, b, target, nexus: a.targets.get(1) as InitiatorNexus };
}

describe('memory bus', () => {
  it('refuses IDs that are taken or not on the bus, and says which there are', () => {
    const bus = new MemoryBus({ name: 'lab', width: 4 });
    const port = bus.attach(3);
    assert.deepEqual([port.id, port.width, port.bus, port.fd], [3, 4, 'lab', -1]);
    assert.throws(() => bus.attach(3), { name: 'RangeError', message: 'bus lab: ID 3 is taken' });
    for (const id of [-1, 4, 1.5, Number.NaN])
      assert.throws(() => bus.attach(id), { message: `bus lab: IDs run from 0 to 3, not ${id}` });
    port[Symbol.dispose]();
    assert.equal(bus.attach(3).id, 3, 'free again');
  });

  it('refuses options that make no bus', () => {
    for (const width of [0, 257, 1.5])
      assert.throws(() => new MemoryBus({ width }), /width must be 1 to 256/);
    for (const depth of [0, 1.5]) assert.throws(() => new MemoryBus({ depth }), /depth must be 1 or more/);
    for (const latency of [-1, Number.POSITIVE_INFINITY, Number.NaN])
      assert.throws(() => new MemoryBus({ latency }), /latency must be 0 ms or more/);
  });

  it('takes its latency each way', () => {
    const { bus, a, b, nexus, target } = open({ latency: 2 });
    const ends: number[] = [];
    const task = new Task();
    task.done = () => ends.push(bus.clock.now());
    nexus.submit(task);
    assert.equal(b.poll(), 0);
    bus.clock.advance(1.9);
    assert.equal(b.poll(), 0);
    bus.clock.advance(0.1);
    assert.equal(b.poll(), 1);
    assert.deepEqual([target.commands, a.poll()], [1, 0]);
    bus.clock.advance(2);
    assert.equal(a.poll(), 1);
    assert.deepEqual(ends, [4]);
  });

  it('moves on to what comes next when nobody has anything to do', () => {
    const clock = new VirtualClock();
    clock.advance(10);
    const { bus, nexus } = open({ latency: 0.5, clock });
    assert.equal(clock.now(), 10);
    nexus.submit(new Task());
    assert.deepEqual([bus.poll(), clock.now()], [1, 10.5]);
    assert.deepEqual([bus.poll(), clock.now()], [1, 11]);
    assert.deepEqual([bus.poll(), clock.now()], [0, 11]);
  });

  it('lets wait() pass virtual time, up to what comes or the timeout', () => {
    const { bus, a, b, nexus } = open({ latency: 4 });
    nexus.submit(new Task());
    assert.deepEqual([b.wait(1), bus.clock.now()], [false, 1]);
    assert.deepEqual([b.wait(1000), bus.clock.now()], [true, 4]);
    b.poll();
    assert.deepEqual([a.wait(Number.POSITIVE_INFINITY), bus.clock.now()], [true, 8]);
    a.poll();
    assert.deepEqual([a.wait(100), bus.clock.now()], [false, 108]);
    assert.throws(() => a.wait(Number.POSITIVE_INFINITY), /memory:0 would wait for ever/);
  });

  it('may not be slept on while there is work', () => {
    const { a, b, nexus } = open();
    assert.deepEqual([a.arm(true), b.arm(true)], [true, true]);
    nexus.submit(new Task());
    assert.deepEqual([a.arm(true), b.arm(true)], [true, false]);
    b.poll();
    assert.deepEqual([a.arm(false), b.arm(true)], [false, true]);
  });

  it('hands data-out over by reference', () => {
    const { bus, nexus, target } = open();
    const bytes = pattern(100);
    let seen: Uint8Array | undefined;
    target.answer = (command) => {
      seen = command.dataOut;
      command.complete(Status.good);
    };
    nexus.submit(new Task().setDataOut(bytes, 10, 20));
    while (bus.poll() > 0);
    assert.equal(seen, bytes);
  });

  it('uses one object again for command after command', () => {
    const { bus, nexus, target } = open();
    const commands = new Set<unknown>();
    target.recording = false;
    target.answer = (command) => {
      commands.add(command);
      command.complete(Status.good);
    };
    const task = new Task();
    for (let i = 0; i < 100; i++) {
      nexus.submit(task);
      while (bus.poll() > 0);
    }
    assert.deepEqual([target.commands, commands.size], [100, 1]);
  });

  it('throws at a task that is under way already, or whose data lies outside its buffers', () => {
    const { nexus } = open();
    const task = new Task();
    nexus.submit(task);
    assert.throws(() => nexus.submit(task), /target 1: the task is under way already/);
    const out = new Task().setDataOut(new Uint8Array(8), 4, 5);
    assert.throws(() => nexus.submit(out), /data-out lies outside its buffer/);
    const into = new Task().setDataIn(new Uint8Array(8), 9, 0);
    assert.throws(() => nexus.submit(into), /data-in lies outside its buffer/);
    assert.equal(nexus.queued, 1, 'nothing was taken');
  });

  it('cuts sense data at 252 bytes', () => {
    const { bus, nexus, target } = open();
    target.answer = (command) => command.complete(Status.checkCondition, pattern(300));
    const task = new Task();
    nexus.submit(task);
    while (bus.poll() > 0);
    assert.equal(task.senseLength, 252);
  });

  it('refuses memory once it is closed', () => {
    const { a } = open();
    assert.equal(a.allocate(64).length, 64);
    a[Symbol.dispose]();
    assert.throws(() => a.allocate(64), { name: 'TransportError', fault: 'closed' });
  });
});

describe('Fifo', () => {
  it('gives back what was put in, in order, whatever is done to it', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.nat(99) },
      { weight: 2, arbitrary: fc.constant('take') },
    );
    const law = (steps: readonly (number | string)[]) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (typeof step === 'number') {
          fifo.push(step);
          model.push(step);
        } else {
          assert.equal(fifo.shift(), model.shift());
        }
        assert.deepEqual([fifo.length, fifo.first()], [model.length, model[0]]);
      }
      fifo.clear();
      assert.deepEqual([fifo.length, fifo.shift()], [0, undefined]);
    };
    fc.assert(fc.property(fc.array(step, { maxLength: 200, size: 'max' }), law));
  });
});
