import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import type { FakeSgDevice } from '../../../contract/sg-harness.ts';
import { SgLab } from '../../../contract/sg-harness.ts';
import { Probe, pattern, Stage } from '../../../contract/stage.ts';
import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import { CommunicationsOpcode } from '../../scsi/opcodes.ts';
import { Status } from '../../scsi/status.ts';
import { SgIoHeader, SgScsiId } from '../../sys/sg.ts';
import { HostStatus, verdictOf } from './verdict.ts';

layout(
  'scsi/sg.h',
  SgIoHeader,
  hex`53000000 feffffff 0a fc 0000 dc050000 00f0ff6b457f0000 60100000457f0000 80100000457f0000
    30750000 10000000 01030000 00000000 0000000000000000
    02 01 00 12 0000 0800 f4010000 05000000 01000000 00000000`,
  {
    interfaceId: 0x53,
    direction: 0xffff_fffe,
    cdbLength: 10,
    senseRoom: 252,
    vectorCount: 0,
    dataLength: 1500,
    data: 0x7f45_6bff_f000,
    cdb: 0x7f45_0000_1060,
    sense: 0x7f45_0000_1080,
    timeoutMs: 30_000,
    flags: 0x10,
    packId: 0x301,
    user: 0,
    status: 2,
    maskedStatus: 1,
    messageStatus: 0,
    senseLength: 18,
    hostStatus: 0,
    driverStatus: 8,
    residual: 500,
    durationMs: 5,
    info: 1,
  },
);

layout('scsi/sg.h', SgScsiId, hex`02000000 00000000 05000000 01000000 09000000 0100 2000 0000000000000000`, {
  host: 2,
  channel: 0,
  id: 5,
  lun: 1,
  type: 9,
  hostCommandsPerLun: 1,
  queueDepth: 32,
});

/** A lab with one held-back target. */
function open(timeouts = {}) {
  const target = new ScriptedTarget();
  const lab = new SgLab(target, timeouts);
  return { s: new Stage(lab, target), lab, device: lab.devices.get(1) as FakeSgDevice };
}

describe('sg', () => {
  it('judges every status of host and driver', () => {
    const answered = Object.values(HostStatus).filter((host) => verdictOf(host, 0) === 'answered');
    assert.deepEqual(answered, [0x00, 0x0a, 0x10, 0x11, 0x12, 0x13]);
    assert.deepEqual(
      [0x01, 0x04, 0x0f].map((host) => verdictOf(host, 0)),
      ['gone', 'gone', 'gone'],
    );
    assert.equal(verdictOf(HostStatus.ok, 0x08), 'answered', 'with sense');
    assert.equal(verdictOf(HostStatus.ok, 0x06), 'aborted', 'an old kernel’s time-out');
    assert.equal(verdictOf(0x77, 0), 'protocol', 'an adapter’s own');
  });

  it('ends a command whose time is over, and lets one that may be held wait', async () => {
    const { s, lab } = open({ usualMs: 50, heldMs: 5000 });
    await using _ = s;
    const usual = new Probe();
    const held = new Probe(CommunicationsOpcode.getMessage10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    await s.hold(usual, held);
    await s.ended(usual);
    assert.equal(usual.fault, 'aborted');
    assert.ok(lab.bus.clock.now() >= 50);
    assert.equal(held.ends, 0);
    await s.ended(held);
    assert.ok(lab.bus.clock.now() >= 5000);
    assert.equal(s.nexus.alive, true);
  });

  it('gives a task up when it is aborted; its place comes back with the answer, its memory stays as it was', async () => {
    const { s } = open();
    await using _ = s;
    const { maxQueued } = s.nexus.limits;
    const tasks = Array.from({ length: maxQueued }, () => {
      const task = new Probe(8, 0, 0, 0, 4, 0);
      task.setDataIn(new Uint8Array(4));
      return task;
    });
    await s.hold(...tasks);
    const [first] = tasks as [Probe];
    s.nexus.abort(first);
    assert.equal(first.ends, 0);
    await s.ended(first);
    assert.deepEqual([first.fault, s.nexus.queued], ['aborted', maxQueued - 1]);
    assert.equal(s.nexus.submit(new Probe()), false, 'the kernel still has it');
    s.target.take().complete(Status.good, undefined, pattern(4));
    await s.until('its place is free', () => s.nexus.submit(first));
    assert.ok(first.dataIn.every((byte) => byte === 0));
    for (const command of s.target.held.splice(0)) command.complete(Status.good, undefined, pattern(4));
    await s.ended(...tasks.slice(1));
    assert.ok(tasks.slice(1).every((task) => task.fault === undefined && task.dataInTransferred === 4));
  });

  it('refuses data both ways, and a logical unit that the device is not', async () => {
    const { s } = open();
    await using _ = s;
    const both = new Probe();
    both.setDataIn(new Uint8Array(4)).setDataOut(new Uint8Array(4));
    const other = new Probe();
    other.lun = 3;
    await s.run(both, other);
    assert.equal(both.fault, 'too-large');
    assert.deepEqual([other.fault, other.status, other.sense[2], other.sense[12]], [undefined, 2, 5, 0x25]);
    assert.equal(s.target.commands, 0);
  });

  it('offers a command again that the kernel had no memory for; gives up a device that is no more', async () => {
    const { s, device } = open();
    await using _ = s;
    const task = new Probe();
    device.refuse = 12; // ENOMEM
    assert.equal(s.nexus.submit(task), false);
    assert.equal(task.slot, -1);
    await s.run(task);
    device.refuse = 19; // ENODEV
    await s.run(task);
    assert.deepEqual([task.fault, s.nexus.alive, s.nexus.queued], ['nexus-lost', false, 0]);
    await s.until('it is found again', () => s.initiator.targets.has(1));
    assert.notEqual(s.initiator.targets.get(1), s.nexus);
  });

  it('is an initiator alone: it answers nobody, and has a descriptor to wait for', async () => {
    const { s } = open();
    await using _ = s;
    assert.equal(s.initiator.id, -1);
    assert.ok(s.initiator.fd > 0);
    s.initiator[Symbol.dispose]();
    assert.equal(s.initiator.fd, -1);
    assert.throws(() => s.initiator.allocate(1), { fault: 'closed' });
  });
});
