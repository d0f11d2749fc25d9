/** Many commands at once: order, depth, fairness, and slots that come back. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Status } from '../src/scsi/status.ts';
import type { InitiatorNexus } from '../src/transport/transport.ts';
import { Probe, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

/** Probes whose CDB tells their number. */
const numbered = (count: number) =>
  Array.from({ length: count }, (_, i) => new Probe(0xc0, i >>> 16, (i >>> 8) & 0xff, i & 0xff, 0, 0));
const numberOf = (cdb: Uint8Array) => ((cdb[1] ?? 0) << 16) | ((cdb[2] ?? 0) << 8) | (cdb[3] ?? 0);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

export function queueTests(open: OpenTransport): void {
  it('brings commands in the order of their submission', async () => {
    await using s = await stage(open);
    const count = Math.min(32, s.nexus.limits.maxQueued);
    for (let round = 0; round < 3; round++) {
      s.target.seen.length = 0;
      await s.run(...numbered(count));
      assert.deepEqual(
        s.target.seen.map((seen) => numberOf(seen.cdb)),
        range(count),
      );
    }
  });

  it('brings answers in the order in which they were given, to the right tasks', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'order of answers')) return;
    const ended: number[] = [];
    const tasks = numbered(Math.min(8, s.nexus.limits.maxQueued));
    for (const [i, task] of tasks.entries()) {
      task.setDataIn(new Uint8Array(1));
      const { done } = task;
      task.done = () => {
        ended.push(i);
        done();
      };
    }
    await s.hold(...tasks);
    const order = tasks.length < 3 ? [tasks.length - 1, 0] : [tasks.length - 1, 0, 2, 1];
    const rest = range(tasks.length).filter((i) => !order.includes(i));
    const held = [...s.target.held];
    for (const i of [...order, ...rest]) {
      held[i]?.complete(Status.good, undefined, Uint8Array.of(numberOf(held[i].cdb)));
    }
    await s.ended(...tasks);
    assert.deepEqual(ended, [...order, ...rest]);
    assert.deepEqual(
      tasks.map((task) => task.dataIn[0]),
      range(tasks.length),
    );
  });

  it('lets the target answer later, from wherever it likes', async () => {
    await using s = await stage(open);
    const task = new Probe();
    task.setDataIn(new Uint8Array(3));
    await s.hold(task);
    await s.rounds();
    assert.equal(task.ends, 0);
    assert.equal(s.nexus.queued, 1);
    s.target.take().complete(Status.good, undefined, Uint8Array.of(1, 2, 3));
    await s.ended(task);
    assert.deepEqual([...task.dataIn], [1, 2, 3]);
  });

  it('gives every command of a nexus a tag of its own', async () => {
    await using s = await stage(open);
    const tasks = numbered(Math.min(64, s.nexus.limits.maxQueued));
    await s.hold(...tasks);
    assert.equal(new Set(s.target.held.map((command) => command.tag)).size, tasks.length);
    assert.ok(s.target.held.every((command) => command.nexus === s.target.established[0]));
    for (const command of s.target.held.splice(0)) command.complete(Status.good);
    await s.ended(...tasks);
  });

  it('takes as many tasks as its limit says, then none until one has ended', async () => {
    await using s = await stage(open);
    const { maxQueued } = s.nexus.limits;
    const tasks = numbered(maxQueued);
    await s.hold(...tasks);
    assert.equal(s.nexus.queued, maxQueued);
    const extra = new Probe();
    assert.equal(s.nexus.submit(extra), false);
    await s.rounds();
    assert.equal(s.target.commands, maxQueued, 'what submit() refused must not arrive');
    assert.equal(extra.slot, -1);
    s.target.take().complete(Status.good);
    await s.until('a task ends', () => s.nexus.queued < maxQueued);
    await s.hold(extra);
    assert.equal(s.nexus.submit(new Probe()), false);
    const last = s.harness.lacks?.statuses ? Status.good : Status.busy;
    for (const command of s.target.held.splice(0)) command.complete(last);
    await s.ended(...tasks, extra);
    assert.equal(s.nexus.queued, 0);
    s.target.answer = (command) => command.complete(Status.good);
    await s.run(...tasks);
  });

  it('takes a task back from within its own end', async () => {
    await using s = await stage(open);
    const task = new Probe();
    task.done = () => {
      task.ends++;
      if (task.ends < 100) s.send(task);
    };
    s.send(task);
    await s.until('it ran a hundred times', () => task.ends === 100);
    await s.rounds();
    assert.equal(task.ends, 100);
    assert.equal(s.target.commands, 100);
  });

  it('runs ten thousand commands through a few tasks, and no slot is lost', async () => {
    await using s = await stage(open);
    const { lacks = {} } = s.harness;
    const total = 10_000;
    s.target.recording = false;
    s.target.answer = (command) => {
      const good = command.tag & 1 || lacks.statuses || lacks['data with sense'];
      command.complete(good ? Status.good : Status.checkCondition, command.cdb, command.cdb, 0, 4);
    };
    let started = 0;
    let ended = 0;
    const tasks = numbered(Math.min(16, s.nexus.limits.maxQueued));
    const start = (task: Probe) => {
      task.setDataOut(task.cdb, 0, started % 7);
      started++;
      s.send(task);
    };
    for (const task of tasks) {
      if (!lacks['both directions']) task.setDataIn(new Uint8Array(4));
      task.done = () => {
        ended++;
        if (started < total) start(task);
      };
      start(task);
    }
    await s.until('all have ended', () => ended === total);
    assert.equal(s.target.commands, total);
    assert.equal(s.nexus.queued, 0);
    const all = numbered(s.nexus.limits.maxQueued);
    await s.run(...all);
  });

  it('is fair: a flood from one initiator does not starve another', async (t) => {
    await using s = await stage(open);
    const second = await s.join();
    if (!second) return t.skip('needs a third port');
    const { id } = s.harness.target;
    await s.until('it sees the target', () => second.targets.has(id));
    const theirs = second.targets.get(id) as InitiatorNexus;
    s.target.recording = false;
    let flooding = true;
    const flood = numbered(s.nexus.limits.maxQueued);
    for (const task of flood) {
      task.done = () => {
        task.ends++;
        if (flooding) s.send(task);
      };
    }
    s.send(...flood);
    const count = 20;
    const probe = new Probe();
    for (let i = 1; i <= count; i++) {
      assert.ok(theirs.submit(probe));
      theirs.kick();
      await s.until('it is answered', () => probe.ends === i);
    }
    flooding = false;
    await s.ended(...flood);
    const most = count * (8 * s.nexus.limits.maxQueued + 64);
    assert.ok(
      s.target.commands <= most,
      `${s.target.commands} commands went before ${count}; at most ${most}`,
    );
  });
}
