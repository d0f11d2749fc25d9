/** Initiators that close, or go. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TaskManagement } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { execute } from '../src/transport/transport.ts';
import { Probe, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

const closed = { name: 'TransportError', fault: 'closed' };
const cdb = new Uint8Array(6);

export function initiatorLifeTests(open: OpenTransport): void {
  it('ends every task with ‘closed’ when the port closes, and every promise', async () => {
    await using s = await stage(open);
    const tasks = [new Probe(), new Probe(), new Probe()];
    await s.hold(...tasks);
    const promise = execute(s.nexus, { cdb });
    const response = s.nexus.manage(TaskManagement.logicalUnitReset, 0);
    const settled = Promise.allSettled([promise, response]);
    s.initiator[Symbol.dispose]();
    assert.deepEqual(
      tasks.map((task) => [task.fault, task.ends]),
      tasks.map(() => ['closed', 1]),
    );
    await s.settle(settled);
    await assert.rejects(promise, closed);
    await assert.rejects(response, closed);
    assert.equal(s.nexus.queued, 0);
    await s.rounds();
    assert.ok(tasks.every((task) => task.ends === 1));
  });

  it('refuses new tasks with ‘closed’, at the next poll, once the port is closed', async () => {
    await using s = await stage(open);
    s.initiator[Symbol.dispose]();
    const task = new Probe();
    assert.equal(s.nexus.submit(task), true);
    s.nexus.kick();
    s.nexus.abort(task);
    assert.equal(task.ends, 0, 'not from within submit()');
    await s.ended(task);
    assert.deepEqual([task.fault, task.ends], ['closed', 1]);
    await assert.rejects(s.settle(execute(s.nexus, { cdb })), closed);
    await assert.rejects(s.settle(s.nexus.manage(TaskManagement.targetReset, 0)), closed);
    assert.equal(s.target.commands, 0);
  });

  it('may be closed twice, and from within the end of a task', async () => {
    await using s = await stage(open);
    const [first, second] = [new Probe(), new Probe()];
    first.done = () => {
      first.ends++;
      s.initiator[Symbol.dispose]();
      s.initiator[Symbol.dispose]();
    };
    await s.hold(first, second);
    s.target.take().complete(Status.good);
    await s.ended(first, second);
    s.initiator[Symbol.dispose]();
    await s.rounds();
    assert.deepEqual([first.fault, first.ends, second.fault, second.ends], [undefined, 1, 'closed', 1]);
  });

  it('tells the target that the nexus is lost, and ignores what it answers after', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'leaving initiators')) return;
    const memory = new Uint8Array(64);
    const tasks = [new Probe(), new Probe()];
    for (const task of tasks) task.setDataIn(memory);
    await s.hold(...tasks);
    s.initiator[Symbol.dispose]();
    await s.until('the nexus is lost', () => s.target.lost.length > 0);
    assert.deepEqual(s.target.lost, s.target.established);
    const held = s.target.held.splice(0);
    held[0]?.complete(Status.good, undefined, new Uint8Array(64).fill(1));
    held[1]?.abandon();
    await s.rounds();
    assert.ok(tasks.every((task) => task.fault === 'closed' && task.ends === 1));
    assert.ok(memory.every((byte) => byte === 0));
    assert.equal(s.target.lost.length, 1);
  });

  it('leaves other initiators undisturbed', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'leaving initiators')) return;
    const second = await s.join();
    if (!second) return t.skip('needs a third port');
    const { id } = s.harness.target;
    await s.until('it sees the target', () => second.targets.has(id));
    const theirs = second.targets.get(id);
    assert.ok(theirs);
    await s.hold(new Probe());
    const task = new Probe();
    assert.ok(theirs.submit(task));
    theirs.kick();
    await s.until('the target holds both', () => s.target.held.length === 2);
    assert.equal(s.target.established.length, 2);
    assert.notEqual(s.target.held[0]?.nexus, s.target.held[1]?.nexus);
    s.initiator[Symbol.dispose]();
    await s.until('the nexus is lost', () => s.target.lost.length > 0);
    assert.deepEqual(s.target.lost, [s.target.established[0]]);
    for (const command of s.target.held.splice(0)) command.complete(Status.good);
    await s.ended(task);
    assert.deepEqual([task.fault, task.status, theirs.alive], [undefined, Status.good, true]);
  });
}
