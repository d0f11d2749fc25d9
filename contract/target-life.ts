/** Targets that go, come and come back. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TaskManagement } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { execute, type InitiatorNexus, type Port } from '../src/transport/transport.ts';
import { ScriptedTarget } from './scripted-target.ts';
import { Probe, type Stage, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

/** What a port's listener was told. */
function listen(port: Port) {
  const told = { appeared: [] as InitiatorNexus[], vanished: [] as InitiatorNexus[] };
  port.listener = {
    appeared: (nexus) => told.appeared.push(nexus),
    vanished: (nexus) => told.vanished.push(nexus),
  };
  return told;
}

/** The target goes, by `leave`, while it holds commands. */
async function losesTarget(s: Stage, leave: () => void | Promise<void>): Promise<void> {
  const told = listen(s.initiator);
  const tasks = Array.from({ length: Math.min(3, s.nexus.limits.maxQueued - 1) }, () => new Probe());
  await s.hold(...tasks);
  const promise = execute(s.nexus, { cdb: new Uint8Array(6) });
  s.nexus.kick();
  await leave();
  const clean = s.harness.lacks?.loss === undefined;
  const settled = s.settle(promise);
  if (clean) await assert.rejects(settled, { name: 'TransportError', fault: 'nexus-lost' });
  else await settled.catch(() => undefined);
  await s.ended(...tasks);
  assert.ok(tasks.every((task) => (task.fault === 'nexus-lost' || !clean) && task.ends === 1));
  await s.until('the nexus is dead', () => !s.nexus.alive && told.vanished.length > 0);
  assert.deepEqual([s.nexus.queued, s.initiator.targets.has(s.nexus.target)], [0, false]);
  for (const task of tasks) {
    await s.run(task);
    assert.equal(task.fault, 'selection-timeout');
  }
  await assert.rejects(s.settle(s.nexus.manage(TaskManagement.targetReset, 0)), {
    name: 'TransportError',
    fault: 'selection-timeout',
  });
  await s.rounds();
  assert.equal(told.vanished.length, 1);
  assert.equal(told.vanished[0], s.nexus);
  assert.ok(tasks.every((task) => task.ends === 2));
}

export function targetLifeTests(open: OpenTransport): void {
  it('ends tasks with ‘nexus-lost’ when their target closes, new ones with ‘selection-timeout’', async () => {
    await using s = await stage(open);
    await losesTarget(s, () => s.harness.target[Symbol.dispose]());
  });

  it('does so when the target crashes', async (t) => {
    await using s = await stage(open);
    const { harness } = s;
    if (!harness.crashTarget) return t.skip('cannot crash the target');
    await losesTarget(s, () => harness.crashTarget?.());
  });

  it('rejects task management that the target took with it', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'task management')) return;
    await s.run(new Probe());
    const promise = s.nexus.manage(TaskManagement.targetReset, 0);
    s.harness.target[Symbol.dispose]();
    await assert.rejects(s.settle(promise), { name: 'TransportError', fault: 'nexus-lost' });
  });

  it('tells a closing port’s target that its nexuses are lost, and ignores what it still answers', async () => {
    await using s = await stage(open);
    const tasks = [new Probe(), new Probe()];
    await s.hold(...tasks);
    const { target } = s.harness;
    target[Symbol.dispose]();
    target[Symbol.dispose]();
    assert.deepEqual(s.target.lost, s.target.established);
    s.target.take().complete(Status.good, undefined, new Uint8Array(8));
    s.target.take().abandon();
    await s.ended(...tasks);
    if (!s.harness.lacks?.loss) assert.ok(tasks.every((task) => task.fault === 'nexus-lost'));
  });

  it('tells of a target that appears later, and goes again', async (t) => {
    await using s = await stage(open);
    const told = listen(s.initiator);
    const target = new ScriptedTarget();
    const port = await s.join({ target });
    if (!port) return t.skip('needs a third port');
    await s.until('it appears', () => told.appeared.length > 0);
    const [nexus] = told.appeared;
    assert.ok(nexus);
    assert.deepEqual([nexus.target, nexus.alive, nexus.queued], [port.id, true, 0]);
    assert.equal(s.initiator.targets.get(port.id), nexus);
    const promise = execute(nexus, { cdb: new Uint8Array(6) });
    assert.equal((await s.settle(promise)).status, Status.good);
    assert.deepEqual([target.commands, s.target.commands], [1, 0]);
    port[Symbol.dispose]();
    await s.until('it vanishes', () => told.vanished.length > 0);
    assert.equal(told.vanished[0], nexus);
    await s.run(new Probe());
    assert.deepEqual([told.appeared.length, told.vanished.length, s.nexus.alive], [1, 1, true]);
  });

  it('makes a new nexus for a target that comes back; the old one stays dead', async (t) => {
    await using s = await stage(open);
    if (!s.harness.join) return t.skip('needs another port');
    const told = listen(s.initiator);
    await s.run(new Probe());
    const { id } = s.harness.target;
    s.harness.target[Symbol.dispose]();
    const target = new ScriptedTarget();
    await s.join({ id, target });
    await s.until('it is back', () => told.appeared.length > 0);
    assert.deepEqual([told.vanished.length, told.vanished[0] === s.nexus], [1, true]);
    const nexus = s.initiator.targets.get(id);
    assert.ok(nexus && nexus !== s.nexus && nexus === told.appeared[0]);
    assert.equal((await s.settle(execute(nexus, { cdb: new Uint8Array(6) }))).status, Status.good);
    const task = new Probe();
    await s.run(task);
    assert.deepEqual([task.fault, s.nexus.alive, target.commands], ['selection-timeout', false, 1]);
  });

  it('never lets a port without a target be selected', async (t) => {
    await using s = await stage(open);
    const port = await s.join();
    if (!port) return t.skip('needs a third port');
    await s.rounds();
    const nexus = s.initiator.targets.get(port.id);
    if (nexus) {
      const promise = execute(nexus, { cdb: new Uint8Array(6) });
      await assert.rejects(s.settle(promise), { name: 'TransportError', fault: 'selection-timeout' });
    }
    assert.equal(s.initiator.targets.has(s.initiator.id), false, 'nor a port itself');
  });
}
