/** Task management functions (SAM-5 §7). */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TaskManagement, TaskManagementResponse } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { Probe, type Stage, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

/** One response to one function about a task, on logical unit 2, that the target holds as `tag` or has ended. */
async function bringsBack(
  s: Stage,
  what: TaskManagement,
  task: Probe,
  tag: number | undefined,
  response: TaskManagementResponse,
): Promise<void> {
  s.target.response = response;
  const promise = s.nexus.manage(what, 2, task);
  assert.equal(s.target.managed.length, 0, 'not from within manage()');
  s.nexus.kick();
  assert.equal(await s.settle(promise), response);
  const managed = s.target.managed.pop();
  assert.deepEqual([managed?.what, managed?.lun], [what, 2]);
  assert.equal(managed?.nexus, s.target.established[0]);
  const named = what === TaskManagement.abortTask || what === TaskManagement.queryTask;
  if (named && task.ends === 0) assert.equal(managed?.tag, tag);
  await s.rounds(3);
  if (what !== TaskManagement.queryTask) assert.deepEqual([task.fault, task.ends], ['aborted', 1]);
}

export function managementTests(open: OpenTransport): void {
  for (const [name, what] of Object.entries(TaskManagement)) {
    it(`brings ${name}, its logical unit and task, and every response back`, async (t) => {
      await using s = await stage(open);
      if (s.lacks(t, 'task management')) return;
      const [other, task] = [new Probe(), new Probe()];
      task.lun = 2;
      await s.hold(other, task);
      const tag = s.target.held[1]?.tag;
      const others = Number(what === TaskManagement.targetReset);
      for (const response of Object.values(TaskManagementResponse)) {
        await bringsBack(s, what, task, tag, response);
      }
      assert.equal(other.ends, others);
    });
  }

  it('ends the tasks that it ends before its own response', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'task management')) return;
    const tasks = [new Probe(), new Probe(), new Probe()];
    await s.hold(...tasks);
    const promise = s.nexus.manage(TaskManagement.abortTaskSet, 0);
    s.nexus.kick();
    const ends = promise.then(() => tasks.map((task) => task.ends));
    assert.deepEqual(await s.settle(ends), [1, 1, 1]);
    assert.ok(tasks.every((task) => task.fault === 'aborted'));
  });

  it('comes after the commands submitted before it, and is no part of the queue', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'task management')) return;
    const tasks = Array.from({ length: s.nexus.limits.maxQueued }, () => new Probe());
    s.target.answer = s.target.hold;
    s.send(...tasks);
    const promise = s.nexus.manage(TaskManagement.logicalUnitReset, 0);
    s.nexus.kick();
    await s.settle(promise);
    assert.equal(s.target.commands, tasks.length);
    await s.ended(...tasks);
    assert.ok(tasks.every((task) => task.fault === 'aborted'));
    s.target.answer = (command) => command.complete(Status.good);
    await s.run(...tasks);
  });

  it('establishes the nexus when it is the first contact', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'task management')) return;
    const promise = s.nexus.manage(TaskManagement.targetReset, 0);
    s.nexus.kick();
    await s.settle(promise);
    assert.equal(s.target.established.length, 1);
    assert.equal(s.target.managed[0]?.nexus, s.target.established[0]);
  });
}
