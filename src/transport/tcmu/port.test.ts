import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { pattern } from '../../../contract/stage.ts';
import { hex } from '../../bytes/hex.ts';
import { TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import { xorshift } from '../random.ts';
import { Op } from './layout.ts';
import { patience, TcmuStage } from './testing-stage.ts';

const testUnitReady = new Uint8Array(6);
const read = hex`2800 0000 0000 00 0200 00`;
const write = hex`2a00 0000 0000 00 0200 00`;

describe('TCMU port', () => {
  it('brings a command, and its status and sense data back', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = (command) => command.complete(Status.checkCondition, pattern(18));
    const id = s.kernel.submit({ cdb: testUnitReady });
    assert.equal(s.port.poll(), 2, 'the fabric came up, a command came');
    const [seen] = s.target.seen;
    assert.deepEqual(
      [seen?.tag, seen?.lun, seen?.attribute, seen?.cdbLength, seen?.dataOut.length, seen?.dataInLength],
      [id, 0, 0, 6, 0, 0],
    );
    const [answer] = s.kernel.answered;
    assert.deepEqual([answer?.id, answer?.status], [id, Status.checkCondition]);
    assert.deepEqual(answer?.sense.subarray(0, 18), pattern(18));
    assert.ok(answer?.sense.subarray(18).every((byte) => byte === 0));
    assert.deepEqual([s.kernel.rings, s.kernel.outstanding], [1, 0]);
  });

  it('brings CDBs whole, by the length that their operation code tells', () => {
    using s = new TcmuStage(new ScriptedTarget());
    const cdbs = [
      ...[0x00, 0x2a, 0x48, 0x8a, 0xaa, 0xc0, 0xff].map((opcode, i) => {
        const cdb = pattern([6, 10, 10, 16, 12, 10, 10][i] as number, i);
        cdb[0] = opcode;
        return cdb;
      }),
      hex`7f00 0000 0000 00 18 000102030405060708090a0b0c0d0e0f1011121314151617`,
    ];
    for (const cdb of cdbs) s.kernel.submit({ cdb });
    s.port.poll();
    assert.deepEqual(
      s.target.seen.map((seen) => seen.cdb.slice(0, seen.cdbLength)),
      cdbs,
    );
    assert.ok(s.target.seen.every((seen) => seen.cdb.subarray(seen.cdbLength).every((byte) => byte === 0)));
  });

  it('brings data-out where it lies, and in one piece where it does not', () => {
    using s = new TcmuStage(new ScriptedTarget());
    const places: Uint8Array[] = [];
    s.target.answer = (command) => {
      places.push(command.dataOut);
      command.complete(Status.good);
    };
    const message = pattern(1000);
    s.kernel.submit({ cdb: write, dataOut: message });
    s.port.poll();
    s.kernel.scatter(xorshift(7));
    s.kernel.submit({ cdb: write, dataOut: message });
    s.port.poll();
    assert.deepEqual(
      [places[0] === s.kernel.memory.bytes, places[1] === s.kernel.memory.bytes],
      [true, false],
    );
    assert.deepEqual(
      s.target.seen.map((seen) => seen.dataOut),
      [message, message],
    );
  });

  it('brings data-in, short of the room or cut to it, wherever the room lies', () => {
    using s = new TcmuStage(new ScriptedTarget());
    for (const sent of [512, 100, 1, 600]) {
      s.target.answer = (command) => command.complete(Status.good, undefined, pattern(700), 3, sent);
      s.kernel.scatter(xorshift(sent));
      s.kernel.submit({ cdb: read, dataIn: 512 });
      s.port.poll();
      const answer = s.kernel.answered.pop();
      assert.deepEqual(answer?.dataIn, pattern(700).subarray(3, 3 + Math.min(sent, 512)));
    }
  });

  it('never lets the initiator see what lay there before', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.kernel.submit({ cdb: read, dataIn: 512 });
    s.kernel.submit({ cdb: read, dataIn: 20 });
    s.port.poll();
    assert.deepEqual(
      s.kernel.answered.map(({ dataIn }) => dataIn),
      [new Uint8Array(64), new Uint8Array(20)],
    );
    s.target.answer = (command) => command.complete(Status.checkCondition, pattern(18));
    s.kernel.submit({ cdb: read, dataIn: 512 });
    s.port.poll();
    assert.equal(s.kernel.answered.pop()?.dataIn.length, 0);
    s.target.answer = (command) => command.abandon();
    s.kernel.submit({ cdb: read, dataIn: 512 });
    s.port.poll();
    assert.deepEqual(s.kernel.answered.pop()?.dataIn, new Uint8Array(64));
  });

  it('brings answers in any order, and tells the kernel once for many', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = s.target.hold;
    const ids = [0, 1, 2, 3].map(() => s.kernel.submit({ cdb: read, dataIn: 4 }) as number);
    s.port.poll();
    const order = [2, 0, 3, 1];
    for (const i of order) {
      const command = s.target.held.find(({ tag }) => tag === ids[i]);
      assert.ok(command);
      s.target.take(command).complete(Status.good, undefined, Uint8Array.of(i, i, i, i));
    }
    assert.deepEqual(
      s.kernel.answered.map(({ id, dataIn }) => [id, dataIn[0]]),
      order.map((i) => [ids[i], i]),
    );
    s.kernel.rings = 0;
    s.target.answer = (command) => command.complete(Status.good);
    for (let i = 0; i < 4; i++) s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.deepEqual([s.kernel.rings, s.kernel.answered.length], [1, 8]);
  });

  it('goes round the ring many times, with what is held staying behind', () => {
    using s = new TcmuStage(new ScriptedTarget(), { ringSize: 1024 });
    s.target.recording = false;
    for (let round = 0; round < 200; round++) {
      s.target.answer = s.target.hold;
      const held = s.kernel.submit({ cdb: read, dataIn: 8 });
      s.port.poll();
      s.target.answer = (command) => command.complete(Status.good);
      for (let i = 0; i < round % 7; i++) s.kernel.submit({ cdb: testUnitReady });
      s.port.poll();
      s.target.take().complete(Status.good);
      assert.equal(s.kernel.outstanding, 0);
      assert.equal(s.kernel.answered.at(-1)?.id, held);
    }
  });

  it('passes task management on, and answers what that ends', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = s.target.hold;
    const ids = [0, 1, 2].map(() => s.kernel.submit({ cdb: testUnitReady }) as number);
    s.port.poll();
    s.kernel.note(Op.taskManagement, 1, [ids[1] as number]);
    s.port.poll();
    assert.deepEqual(
      s.kernel.answered.map(({ id, status }) => [id, status]),
      [[ids[1], Status.taskAborted]],
    );
    s.kernel.note(Op.taskManagement, 5, [ids[0] as number, ids[2] as number]);
    s.port.poll();
    assert.deepEqual(
      s.target.managed.map(({ what }) => what),
      [TaskManagement.abortTask, TaskManagement.logicalUnitReset],
    );
    assert.deepEqual([s.kernel.answered.length, s.port.counters.taskManagement], [3, 2]);
    s.kernel.note(Op.taskManagement, 99, []);
    s.port.poll();
    assert.equal(s.target.managed.length, 2, 'a function that nobody knows');
  });

  it('marks what it does not know, and goes on', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.kernel.note(5);
    s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.equal(s.kernel.answered.length, 1);
    assert.equal(s.kernel.memory.bytes[128 + 7], 1);
    assert.equal(s.port.devices[0]?.ring.unknown, 1);
  });

  it('keeps peers apart: each device is a nexus of its own, and each has its turn', () => {
    using s = new TcmuStage(new ScriptedTarget(), { ringSize: 65_536 }, [0, 4]);
    for (let i = 0; i < 100; i++) s.kernel.submit({ cdb: testUnitReady });
    s.kernels[1]?.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.deepEqual(
      s.target.established.map(({ initiator, name }) => [initiator, name]),
      [
        [0, 'peer 0'],
        [4, 'peer 4'],
      ],
    );
    assert.equal(s.kernels[1]?.answered.length, 1);
    assert.ok(s.kernel.answered.length < 100);
    while (s.port.poll() > 0);
    assert.equal(s.kernel.answered.length, 100);
  });

  it('gives back what is held for too long, and only that', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = s.target.hold;
    const old = s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    s.clock.advance(patience - 1);
    const young = s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.equal(s.kernel.answered.length, 0);
    s.clock.advance(1);
    assert.equal(s.port.poll(), 1);
    assert.deepEqual(
      s.kernel.answered.map(({ id, status }) => [id, status]),
      [[old, Status.taskAborted]],
    );
    s.clock.advance(patience);
    s.port.poll();
    assert.deepEqual([s.kernel.answered[1]?.id, s.port.counters.outOfTime], [young, 2]);
  });

  it('refuses commands while there is no target', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.port.target = undefined;
    s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.equal(s.kernel.answered[0]?.status, Status.checkCondition);
    assert.deepEqual(s.target.established, []);
  });
});
