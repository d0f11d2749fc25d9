/** One command and its answer, without data. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { TaskAttribute } from '../src/scsi/command.ts';
import { Status } from '../src/scsi/status.ts';
import { execute } from '../src/transport/transport.ts';
import { Probe, pattern, sameBytes, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

export function commandTests(open: OpenTransport): void {
  it('brings a command without data, and GOOD back', async () => {
    await using s = await stage(open);
    const task = new Probe();
    await s.run(task);
    assert.equal(task.fault, undefined);
    assert.equal(task.status, Status.good);
    assert.equal(task.senseLength, 0);
    assert.equal(task.dataInTransferred, 0);
    assert.equal(task.residual, 0);
    const [seen] = s.target.seen;
    assert.equal(seen?.dataOut.length, 0);
    assert.equal(seen?.dataInLength, 0);
    assert.equal(s.nexus.queued, 0);
  });

  it('brings every status back', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'statuses')) return;
    for (const status of Object.values(Status)) {
      s.target.answer = (command) => command.complete(status);
      const task = new Probe();
      await s.run(task);
      assert.equal(task.fault, undefined);
      assert.equal(task.status, status);
    }
  });

  it('brings sense data of 1 to 252 bytes, and none after some', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'long sense')) return;
    const task = new Probe();
    for (const length of [1, 8, 18, 96, 251, 252, 0]) {
      const sense = pattern(length, 7);
      s.target.answer = (command) => {
        command.complete(Status.checkCondition, sense);
        sense.fill(0); // complete() is done with it
      };
      await s.run(task);
      assert.equal(task.status, Status.checkCondition);
      sameBytes(task.sense.subarray(0, task.senseLength), pattern(length, 7), 'sense data');
    }
  });

  it('brings CDBs of 6, 10, 12, 16 and 32 bytes, zero beyond their end', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'long CDBs')) return;
    const task = new Probe();
    // Carriers without a CDB length go by the opcode (SPC-4, operation code groups), so each length has one of its own.
    const opcodes = { 32: 0x7f, 16: 0x8a, 12: 0xaa, 10: 0x2a, 6: 0x0a };
    for (const length of [32, 16, 12, 10, 6] as const) {
      const cdb = pattern(length, length);
      cdb[0] = opcodes[length];
      task.setCdb(cdb);
      task.cdb.fill(0xa5, length); // what a longer one left there
      await s.run(task);
      const seen = s.target.seen.at(-1);
      assert.ok(seen);
      assert.equal(seen.cdbLength, length);
      assert.ok(seen.cdb.length >= Math.max(16, length));
      sameBytes(seen.cdb.subarray(0, length), cdb, 'CDB');
      assert.ok(
        seen.cdb.subarray(length).every((byte) => byte === 0),
        'zero beyond the CDB',
      );
    }
  });

  it('brings the logical unit number and the task attribute', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'logical units', 'attributes')) return;
    for (const lun of [0, 1, 7, 31, 255]) {
      for (const attribute of Object.values(TaskAttribute)) {
        const task = new Probe();
        task.lun = lun;
        task.attribute = attribute;
        await s.run(task);
        const seen = s.target.seen.at(-1);
        assert.deepEqual([seen?.lun, seen?.attribute], [lun, attribute]);
      }
    }
  });

  it('tells the target of the nexus once, before its first command', async () => {
    await using s = await stage(open);
    s.target.answer = (command) => {
      assert.deepEqual(s.target.established, [command.nexus]);
      command.complete(Status.good);
    };
    await s.run(new Probe(), new Probe());
    await s.run(new Probe());
    assert.equal(s.target.commands, 3);
    assert.equal(s.target.established.length, 1);
    if (s.initiator.id >= 0) assert.equal(s.target.established[0]?.initiator, s.initiator.id);
  });

  it('calls nothing back from within submit() and kick()', async () => {
    await using s = await stage(open);
    let inside = false;
    const check = () => assert.equal(inside, false, 'called from within submit() or kick()');
    s.target.answer = (command) => {
      check();
      command.complete(Status.good);
    };
    const good = new Probe();
    const long = new Probe();
    long.setDataOut(new Uint8Array(s.nexus.limits.maxDataOut + 1));
    for (const task of [good, long]) {
      const { done } = task;
      task.done = () => {
        check();
        done();
      };
      inside = true;
      assert.equal(s.nexus.submit(task), true);
      s.nexus.kick();
      inside = false;
    }
    await s.ended(good, long);
  });

  it('refuses what is too large, without sending it', async () => {
    await using s = await stage(open);
    const { maxDataOut, maxDataIn } = s.nexus.limits;
    const cdb = new Probe();
    cdb.cdbLength = 33;
    const out = new Probe();
    out.setDataOut(new Uint8Array(maxDataOut + 1));
    const into = new Probe();
    into.setDataIn(new Uint8Array(maxDataIn + 1));
    await s.run(cdb, out, into);
    assert.deepEqual([cdb.fault, out.fault, into.fault], ['too-large', 'too-large', 'too-large']);
    await s.rounds();
    assert.equal(s.target.commands, 0);
    assert.equal(s.nexus.queued, 0);
  });

  it('ends tasks that nobody waits for too', async () => {
    await using s = await stage(open);
    const tasks = [new Probe(), new Probe(), new Probe()];
    for (const task of tasks) task.notify = false;
    await s.run(...tasks);
    assert.ok(tasks.every((task) => task.fault === undefined && task.status === Status.good));
  });

  it('uses a task again, nothing of its last end left', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'residuals', 'data with sense')) return;
    const task = new Probe();
    s.target.answer = (command) => command.complete(Status.checkCondition, pattern(20), pattern(9));
    task.setDataIn(new Uint8Array(4));
    await s.run(task);
    task.setDataIn(new Uint8Array(s.nexus.limits.maxDataIn + 1));
    await s.run(task);
    assert.equal(task.fault, 'too-large');
    task.setDataIn(new Uint8Array(0));
    s.target.answer = (command) => command.complete(Status.good);
    await s.run(task);
    assert.deepEqual(
      [task.fault, task.status, task.senseLength, task.dataInTransferred, task.residual, task.ends],
      [undefined, Status.good, 0, 0, 0, 3],
    );
  });

  it('gives a promise for the outcome: execute()', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'logical units', 'residuals', 'data with sense')) return;
    s.target.answer = (command) => command.complete(Status.checkCondition, pattern(18), pattern(5));
    const cdb = Uint8Array.of(0x12, 0, 0, 0, 8, 0);
    const outcome = await s.settle(execute(s.nexus, { cdb, lun: 3, dataIn: 8 }));
    assert.equal(outcome.status, Status.checkCondition);
    assert.equal(outcome.residual, 3);
    sameBytes(outcome.sense, pattern(18), 'sense data');
    sameBytes(outcome.dataIn, pattern(5), 'data-in');
    s.target.answer = (command) => command.complete(Status.good);
    assert.equal((await s.settle(execute(s.nexus, { cdb, dataOut: pattern(77) }))).status, Status.good);
    const [first, second] = s.target.seen;
    assert.equal(first?.lun, 3);
    sameBytes(second?.dataOut ?? new Uint8Array(0), pattern(77), 'data-out');
  });
}
