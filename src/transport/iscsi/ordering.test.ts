import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { TaskManagement } from '../../scsi/command.ts';
import { Status } from '../../scsi/status.ts';
import type { Pdu } from './framer.ts';
import { Attribute, InitiatorOpcode, ManagementFunction, RejectReason, TargetOpcode } from './opcodes.ts';
import * as pdu from './pdu.ts';
import { opcodes, RawInitiator, rawSession } from './testing-wire.ts';

const tagOf = (r2t: Pdu | undefined) =>
  pdu.ReadyToTransfer.decode(r2t?.header ?? new Uint8Array(48)).transferTag;
const statuses = (answers: readonly Pdu[]) =>
  answers.map((one) => pdu.ScsiResponse.decode(one.header).status);
const solicited = [['ImmediateData', 'No']] as const;
const write = { write: 1, expectedLength: 8 };
const management = { opcode: InitiatorOpcode.taskManagementRequest, immediate: 1, final: 1, tag: 90 };
const eight = new Uint8Array(8);

describe('the order in which commands reach the device server (SAM-5 §8.9)', () => {
  it('is theirs around an ORDERED one, though a WRITE before it waits for its data', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), solicited);
    const [r2t] = peer.command({ ...write, tag: 1, cmdSn: 1 });
    assert.deepEqual(peer.command({ tag: 2, cmdSn: 2, attribute: Attribute.ordered }), []);
    assert.deepEqual(peer.command({ tag: 3, cmdSn: 3 }), []);
    assert.equal(device.commands, 0);
    peer.dataOut({ tag: 1, transferTag: tagOf(r2t), final: 1 }, eight);
    assert.deepEqual(
      device.seen.map(({ tag }) => tag),
      [1, 2, 3],
    );
  });

  it('is free among SIMPLE ones, at other logical units, and for HEAD OF QUEUE', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), solicited);
    peer.command({ ...write, tag: 1, cmdSn: 1 });
    peer.command({ tag: 2, cmdSn: 2 });
    peer.command({ tag: 3, cmdSn: 3, lun: 1, attribute: Attribute.ordered });
    peer.command({ tag: 4, cmdSn: 4, attribute: Attribute.ordered });
    peer.command({ tag: 5, cmdSn: 5, attribute: Attribute.headOfQueue });
    assert.deepEqual(
      device.seen.map(({ tag }) => tag),
      [2, 3, 5],
    );
  });

  it('goes on when what held it up is aborted, or refused', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), solicited);
    peer.command({ ...write, tag: 1, cmdSn: 1 });
    const [r2t] = peer.command({ ...write, tag: 2, cmdSn: 2 });
    peer.command({ tag: 3, cmdSn: 3, attribute: Attribute.ordered });
    const abort = { ...management, function: ManagementFunction.abortTask, cmdSn: 4 };
    peer.say(pdu.ManagementRequest, { ...abort, referencedTag: 1, refCmdSn: 1 });
    assert.equal(device.commands, 0);
    const answers = peer.dataOut({ tag: 2, transferTag: tagOf(r2t), final: 1 }, new Uint8Array(4));
    assert.deepEqual(statuses(answers), [Status.checkCondition, Status.good]);
    assert.deepEqual(
      device.seen.map(({ tag }) => tag),
      [3],
    );
  });

  it('is that of CmdSN, though one came late; its data waits with it (RFC 7143 §4.2.2.1)', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    assert.deepEqual(peer.command({ ...write, tag: 2, cmdSn: 2, final: 0 }), []);
    assert.deepEqual(peer.dataOut({ tag: 2, final: 1 }, eight), []);
    assert.deepEqual(peer.command({ tag: 3, cmdSn: 3 }), []);
    assert.deepEqual(peer.command({ tag: 9, cmdSn: 3 }), [], 'a duplicate');
    const answers = peer.command({ tag: 1, cmdSn: 1 });
    assert.deepEqual(
      device.seen.map(({ tag }) => tag),
      [1, 2, 3],
    );
    assert.equal(pdu.ScsiResponse.decode((answers[2] as Pdu).header).expCmdSn, 4);
  });

  it('has no place for a command that was rejected (§7.3)', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    device.answer = device.hold;
    peer.command({ tag: 1, cmdSn: 1 });
    const [reject] = peer.command({ tag: 1, cmdSn: 2 }) as [Pdu];
    const { reason, expCmdSn } = pdu.Reject.decode(reject.header);
    assert.deepEqual([reason, expCmdSn], [RejectReason.taskInProgress, 2]);
    peer.command({ tag: 2, cmdSn: 2 });
    assert.equal(device.commands, 2);
  });
});

describe('task management and what is on its way (RFC 7143 §4.2.3.3, §11.5, §11.6)', () => {
  const response = (answers: readonly Pdu[]) =>
    answers.map((one) => pdu.ManagementReply.decode(one.header).response);

  it('waits until the data asked for has stopped; younger commands wait for it', () => {
    const { peer, device } = rawSession(new ScriptedTarget(), solicited);
    const [r2t] = peer.command({ ...write, tag: 1, cmdSn: 1 });
    const abort = { ...management, function: ManagementFunction.abortTaskSet, cmdSn: 2 };
    assert.deepEqual(peer.say(pdu.ManagementRequest, abort), []);
    assert.deepEqual(peer.command({ tag: 2, cmdSn: 2 }), []);
    assert.deepEqual(device.managed, []);
    const answers = peer.dataOut({ tag: 1, transferTag: tagOf(r2t), final: 1 }, eight);
    assert.deepEqual(opcodes(answers), [TargetOpcode.taskManagementResponse, TargetOpcode.scsiResponse]);
    assert.deepEqual(
      [device.managed.map(({ what }) => what), device.commands],
      [[TaskManagement.abortTaskSet], 1],
    );
  });

  it('waits no longer than ten seconds', () => {
    const { peer, lab, connection, device } = rawSession(new ScriptedTarget(), solicited);
    peer.command({ ...write, tag: 1, cmdSn: 1 });
    const reset = { ...management, function: ManagementFunction.logicalUnitReset, cmdSn: 2 };
    assert.deepEqual(peer.say(pdu.ManagementRequest, reset), []);
    assert.equal(connection.due, 10_000);
    lab.clock.advance(10_000);
    connection.tick();
    assert.deepEqual(response(peer.heard()), [0]);
    assert.equal(device.commands, 0);
  });

  it('waits for older commands that have not come', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    device.answer = device.hold;
    const abort = { ...management, function: ManagementFunction.abortTaskSet, cmdSn: 2 };
    assert.deepEqual(peer.say(pdu.ManagementRequest, abort), []);
    assert.deepEqual(response(peer.command({ tag: 1, cmdSn: 1 })), [0]);
    assert.deepEqual([device.commands, device.held.length], [1, 0]);
  });

  it('counts an aborted command as received that never came (§7.11)', () => {
    const { peer, device } = rawSession(new ScriptedTarget());
    peer.command({ tag: 2, cmdSn: 2 });
    const abort = { ...management, function: ManagementFunction.abortTask, referencedTag: 1, cmdSn: 3 };
    const answers = peer.say(pdu.ManagementRequest, { ...abort, refCmdSn: 1 });
    assert.deepEqual(opcodes(answers), [TargetOpcode.taskManagementResponse, TargetOpcode.scsiResponse]);
    assert.deepEqual(response(answers.slice(0, 1)), [0]);
    assert.deepEqual(
      device.seen.map(({ tag }) => tag),
      [2],
    );
    assert.deepEqual(response(peer.say(pdu.ManagementRequest, { ...abort, refCmdSn: 1 })), [1], 'too late');
  });

  for (const what of ['clearTaskSet', 'logicalUnitReset', 'targetWarmReset'] as const)
    it(`ends what other sessions have half written, with TASK ABORTED: ${what}`, () => {
      const { lab, peer, device } = rawSession(new ScriptedTarget(), solicited);
      const other = new RawInitiator(lab.connection(), Uint8Array.of(0x80, 9, 9, 9, 0, 0));
      other.login(solicited);
      const [r2t] = other.command({ ...write, tag: 1, cmdSn: 1 });
      peer.say(pdu.ManagementRequest, { ...management, function: ManagementFunction[what], cmdSn: 1 });
      assert.deepEqual(other.heard(), [], 'its data still comes');
      const answers = other.dataOut({ tag: 1, transferTag: tagOf(r2t), final: 1 }, eight);
      assert.deepEqual(statuses(answers), [Status.taskAborted]);
      assert.equal(device.commands, 0);
    });

  it('spares what other sessions write elsewhere, and what ABORT TASK SET does not mean', () => {
    const { lab, peer, device } = rawSession(new ScriptedTarget(), solicited);
    const other = new RawInitiator(lab.connection(), Uint8Array.of(0x80, 9, 9, 9, 0, 0));
    other.login(solicited);
    const [r2t] = other.command({ ...write, tag: 1, cmdSn: 1 });
    const at = { ...management, cmdSn: 1 };
    peer.say(pdu.ManagementRequest, { ...at, function: ManagementFunction.logicalUnitReset, lun: 1 });
    peer.say(pdu.ManagementRequest, { ...at, function: ManagementFunction.abortTaskSet });
    const answers = other.dataOut({ tag: 1, transferTag: tagOf(r2t), final: 1 }, eight);
    assert.deepEqual([statuses(answers), device.commands], [[Status.good], 1]);
  });
});
