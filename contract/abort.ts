/** Tasks that are ended before they are answered. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TaskManagement } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { execute } from '../src/transport/transport.ts';
import { Probe, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

const cdb = new Uint8Array(6);

export function abortTests(open: OpenTransport): void {
  it('aborts a task that the target holds, and no other', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'abort')) return;
    const [before, task, after] = [new Probe(1, 0, 0, 0, 0, 0), new Probe(2, 0, 0, 0, 0, 0), new Probe()];
    task.lun = 5;
    await s.hold(before, task, after);
    const tag = s.target.held[1]?.tag;
    s.nexus.abort(task);
    assert.equal(task.ends, 0, 'not from within abort()');
    s.nexus.kick();
    await s.ended(task);
    assert.equal(task.fault, 'aborted');
    const [managed] = s.target.managed;
    assert.deepEqual([managed?.what, managed?.lun, managed?.tag], [TaskManagement.abortTask, 5, tag]);
    assert.equal(managed?.nexus, s.target.established[0]);
    await s.rounds();
    assert.deepEqual([before.ends, task.ends, after.ends], [0, 1, 0]);
    for (const command of s.target.held.splice(0)) command.complete(Status.good);
    await s.ended(before, after);
    assert.deepEqual([before.fault, after.fault], [undefined, undefined]);
    assert.equal(s.nexus.queued, 0);
  });

  it('ends a task once, whichever comes first: its answer or its end', async () => {
    await using s = await stage(open);
    for (let delay = 0; delay < 5; delay++) {
      const task = new Probe();
      s.send(task);
      await s.rounds(delay);
      s.nexus.abort(task);
      s.nexus.abort(task);
      s.nexus.kick();
      await s.ended(task);
      s.nexus.abort(task);
      await s.rounds();
      assert.equal(task.ends, 1);
      if (task.fault) assert.equal(task.fault, 'aborted');
      else assert.equal(task.status, Status.good);
    }
    assert.equal(s.nexus.queued, 0);
  });

  it('gives the answer to a task whose answer was given before the abort came', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'abort')) return;
    const task = new Probe();
    await s.hold(task);
    s.target.take().complete(Status.conditionMet);
    s.nexus.abort(task);
    s.nexus.kick();
    await s.ended(task);
    assert.deepEqual([task.fault, task.status], [undefined, Status.conditionMet]);
    await s.rounds();
    assert.equal(task.ends, 1);
  });

  it('ignores the abort of a task that is not under way', async () => {
    await using s = await stage(open);
    const task = new Probe();
    const held = new Probe();
    await s.hold(held);
    s.nexus.abort(task);
    s.nexus.kick();
    await s.rounds();
    assert.deepEqual([task.ends, held.ends, s.target.managed.length], [0, 0, 0]);
    s.target.take().complete(Status.good);
    await s.ended(held);
  });

  it('ends a task as aborted when the target abandons it', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'abandon')) return;
    const [first, second] = [new Probe(), new Probe()];
    await s.hold(first, second);
    s.target.take().abandon();
    await s.ended(first);
    assert.equal(first.fault, 'aborted');
    await s.rounds();
    assert.deepEqual([first.ends, second.ends], [1, 0]);
    s.target.take().complete(Status.good);
    await s.ended(second);
    assert.equal(s.nexus.queued, 0);
  });

  it('execute() sends nothing when its signal has fired before', async () => {
    await using s = await stage(open);
    const cause = new Error('no time');
    await assert.rejects(s.settle(execute(s.nexus, { cdb }, AbortSignal.abort(cause))), {
      name: 'TransportError',
      fault: 'aborted',
      cause,
    });
    await s.rounds();
    assert.equal(s.target.commands, 0);
  });

  it('execute() aborts its task when its signal fires', async () => {
    await using s = await stage(open);
    s.target.answer = s.target.hold;
    const controller = new AbortController();
    const promise = execute(s.nexus, { cdb }, controller.signal);
    await s.until('the target holds it', () => s.target.held.length === 1);
    const cause = new Error('enough');
    controller.abort(cause);
    s.nexus.kick();
    await assert.rejects(s.settle(promise), { name: 'TransportError', fault: 'aborted', cause });
    assert.equal(s.nexus.queued, 0);
  });

  it('execute() does not care for a signal that fires after the answer', async () => {
    await using s = await stage(open);
    const controller = new AbortController();
    const outcome = await s.settle(execute(s.nexus, { cdb }, controller.signal));
    controller.abort();
    await s.rounds();
    assert.equal(outcome.status, Status.good);
    assert.equal(s.target.managed.length, 0);
  });
}
