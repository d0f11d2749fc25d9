/** Data both ways, and residuals. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Status } from '../src/scsi/status.ts';
import { Probe, pattern, type Stage, sameBytes, stage } from './stage.ts';
import type { OpenTransport } from './transport.ts';

const sizes = (most: number) => [0, 1, 3, 512, 4096, 65535, most].filter((size) => size <= most);

/** Sends data-out of each size out of `memory`, shifted where there is room, and checks what arrives. */
async function sendsOut(s: Stage, memory: Uint8Array): Promise<void> {
  const task = new Probe();
  for (const size of sizes(s.nexus.limits.maxDataOut)) {
    const bytes = pattern(size, size);
    const offset = Math.min(61, memory.length - size);
    memory.set(bytes, offset);
    task.setDataOut(memory, offset, size);
    await s.run(task);
    assert.equal(task.fault, undefined);
    if (!s.harness.lacks?.residuals) assert.equal(task.residual, 0);
    const seen = s.target.seen.pop();
    assert.equal(seen?.dataOutWanted, size);
    if (!s.harness.lacks?.direction) assert.equal(seen?.dataInLength, 0);
    sameBytes(seen?.dataOut ?? new Uint8Array(0), bytes, `data-out of ${size} bytes`);
  }
}

export function dataTests(open: OpenTransport): void {
  it('brings data-out from the port’s own memory, up to the limit', async () => {
    await using s = await stage(open);
    await sendsOut(s, s.initiator.allocate(s.nexus.limits.maxDataOut));
  });

  it('brings data-out from ordinary memory, up to the limit, from any offset', async () => {
    await using s = await stage(open);
    await sendsOut(s, new Uint8Array(s.nexus.limits.maxDataOut + 64));
  });

  it('brings data-out of several commands at once, each its own', async () => {
    await using s = await stage(open);
    const memory = s.initiator.allocate(8 * 1000);
    const tasks = Array.from({ length: Math.min(8, s.nexus.limits.maxQueued) }, (_, i) => {
      memory.set(pattern(1000, i), 1000 * i);
      const task = new Probe();
      task.setDataOut(memory, 1000 * i, 1000);
      return task;
    });
    await s.run(...tasks);
    for (const [i, seen] of s.target.seen.entries())
      sameBytes(seen.dataOut, pattern(1000, i), `command ${i}`);
  });

  it('brings data-in, up to the limit, and touches nothing around it', async () => {
    await using s = await stage(open);
    const memory = new Uint8Array(s.nexus.limits.maxDataIn + 128);
    const task = new Probe();
    for (const size of sizes(s.nexus.limits.maxDataIn)) {
      const bytes = pattern(size + 27, size);
      s.target.answer = (command) => {
        command.complete(Status.good, undefined, bytes, 17, size);
        bytes.fill(0, 0, 100); // complete() is done with it
      };
      memory.fill(0xa5);
      task.setDataIn(memory, 61, size);
      await s.run(task);
      assert.equal(s.target.seen.at(-1)?.dataInLength, size);
      assert.deepEqual([task.fault, task.dataInTransferred, task.residual], [undefined, size, 0]);
      const expected = new Uint8Array(memory.length).fill(0xa5);
      expected.set(pattern(size + 27, size).subarray(17, 17 + size), 61);
      sameBytes(memory, expected, `memory around data-in of ${size} bytes`);
    }
  });

  it('takes data-in from its offset to its end when no length is given', async () => {
    await using s = await stage(open);
    s.target.answer = (command) => command.complete(Status.good, undefined, pattern(100), 40);
    const task = new Probe();
    task.setDataIn(new Uint8Array(60));
    await s.run(task);
    assert.deepEqual([task.dataInTransferred, task.residual], [60, 0]);
    sameBytes(task.dataIn, pattern(100).subarray(40), 'data-in');
  });

  it('tells the residual of data-in: underflow, overflow, none', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'residuals')) return;
    const task = new Probe();
    for (const [room, sent] of [
      [512, 100],
      [512, 0],
      [100, 512],
      [1, 4096],
      [512, 512],
    ] as const) {
      s.target.answer = (command) => command.complete(Status.good, undefined, pattern(sent));
      const memory = new Uint8Array(room + 9).fill(0xa5);
      task.setDataIn(memory, 0, room);
      await s.run(task);
      const moved = Math.min(room, sent);
      assert.deepEqual([task.fault, task.dataInTransferred, task.residual], [undefined, moved, room - sent]);
      const expected = new Uint8Array(room + 9).fill(0xa5);
      expected.set(pattern(sent).subarray(0, moved));
      sameBytes(memory, expected, `${sent} bytes into ${room}`);
    }
  });

  it('tells of data-in that nobody had room for', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'residuals')) return;
    s.target.answer = (command) => command.complete(Status.good, undefined, pattern(36));
    const task = new Probe();
    await s.run(task);
    assert.deepEqual([task.dataInTransferred, task.residual], [0, -36]);
  });

  it('tells the residual of data-out: underflow, overflow, none', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'residuals')) return;
    const task = new Probe();
    task.setDataOut(pattern(512));
    for (const wanted of [100, 0, 600, 512]) {
      s.target.answer = (command) => {
        command.dataOutWanted = wanted;
        command.complete(Status.good);
      };
      await s.run(task);
      assert.deepEqual([task.fault, task.residual], [undefined, 512 - wanted]);
    }
    task.setDataOut(new Uint8Array(0));
    s.target.answer = (command) => {
      command.dataOutWanted = 24;
      command.complete(Status.good);
    };
    await s.run(task);
    assert.equal(task.residual, -24, 'wanted, but not offered');
  });

  it('brings data-in beside a status other than GOOD', async (t) => {
    await using s = await stage(open);
    if (s.lacks(t, 'data with sense')) return;
    s.target.answer = (command) => command.complete(Status.checkCondition, pattern(18, 3), pattern(64, 4));
    const task = new Probe();
    task.setDataIn(new Uint8Array(64));
    await s.run(task);
    assert.equal(task.status, Status.checkCondition);
    sameBytes(task.sense.subarray(0, task.senseLength), pattern(18, 3), 'sense data');
    sameBytes(task.dataIn.subarray(0, task.dataInTransferred), pattern(64, 4), 'data-in');
  });
}
