import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { hex } from '../../bytes/hex.ts';
import { Status } from '../../scsi/status.ts';
import { patience, TcmuStage } from './testing-stage.ts';

const testUnitReady = new Uint8Array(6);
const read = hex`2800 0000 0000 00 0200 00`;

describe('life of a TCMU port', () => {
  it('lets initiators in at its first poll, and says how the fabric came up', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.settled = undefined;
    assert.deepEqual([s.did, s.port.fabric], [[], 'pending']);
    assert.equal(s.port.poll(), 0);
    assert.deepEqual([s.did, s.port.fabric], [['begin'], 'pending']);
    const told: string[] = [];
    s.port.onFailure = (failure) => told.push(failure);
    s.settled = { failure: 'EINVAL' };
    s.port.poll();
    s.port.poll();
    assert.deepEqual([s.port.fabric, s.port.failure, told], ['failed', 'EINVAL', ['EINVAL']]);
  });

  it('sleeps until the kernel rings', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.port.poll();
    assert.deepEqual([s.port.wait(0), s.port.arm(true)], [false, true]);
    s.port.disarm();
    s.kernel.submit({ cdb: testUnitReady });
    assert.deepEqual([s.port.arm(false), s.port.wait(5000)], [false, true]);
    assert.equal(s.port.poll(), 1);
    assert.equal(s.port.wait(0), false);
  });

  it('is woken in time to give back what is held', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = s.target.hold;
    s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    s.clock.advance(patience - 1);
    assert.equal(s.port.wait(5000), true);
    s.clock.advance(1);
    assert.equal(s.port.poll(), 1);
  });

  it('tells its target that the nexuses are lost, and ignores what that still answers', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = s.target.hold;
    s.kernel.submit({ cdb: read, dataIn: 8 });
    s.kernel.submit({ cdb: read, dataIn: 8 });
    s.port.poll();
    s.port[Symbol.dispose]();
    s.port[Symbol.dispose]();
    assert.deepEqual([s.did, s.target.lost], [['begin', 'end'], s.target.established]);
    s.target.take().complete(Status.good, undefined, new Uint8Array(8));
    s.target.take().abandon();
    assert.deepEqual([s.port.poll(), s.port.wait(10), s.port.fd], [0, false, -1]);
    assert.deepEqual(
      s.kernel.answered.map(({ status }) => status),
      [Status.busy, Status.busy],
    );
  });

  it('goes on without a device that somebody removed', () => {
    using s = new TcmuStage(new ScriptedTarget(), {}, [0, 4]);
    for (const kernel of s.kernels) kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    s.kernel.removed = true;
    assert.equal(s.port.arm(false), true);
    s.port.disarm();
    assert.deepEqual([s.did, s.port.fabric], [['begin', 'lost 0'], 'failed']);
    assert.match(s.port.failure ?? '', /peer 0 was removed/);
    assert.deepEqual(
      s.target.lost.map(({ initiator }) => initiator),
      [0],
    );
    s.kernels[1]?.submit({ cdb: testUnitReady });
    assert.deepEqual([s.port.poll(), s.kernels[1]?.answered.length, s.port.wait(0)], [1, 2, false]);
  });

  it('may be closed by its target, in mid-command', () => {
    using s = new TcmuStage(new ScriptedTarget());
    s.target.answer = (command) => {
      s.port[Symbol.dispose]();
      command.complete(Status.good);
    };
    s.kernel.submit({ cdb: testUnitReady });
    s.kernel.submit({ cdb: testUnitReady });
    s.port.poll();
    assert.deepEqual([s.target.commands, s.kernel.outstanding], [1, 0]);
  });
});
