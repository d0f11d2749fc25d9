import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ScriptedTarget } from '../../../contract/scripted-target.ts';
import { TaskManagementResponse } from '../../scsi/command.ts';
import { InitiatorOpcode, ManagementFunction } from './opcodes.ts';
import * as pdu from './pdu.ts';
import { RawInitiator, rawSession } from './testing-wire.ts';

describe('task management at the target', () => {
  it('answers every task management function (§11.5, RFC 7144 §4)', () => {
    const { peer, device, lab, connection } = rawSession(new ScriptedTarget());
    const manage = (values: object) =>
      peer
        .say(pdu.ManagementRequest, {
          opcode: InitiatorOpcode.taskManagementRequest,
          immediate: 1,
          final: 1,
          tag: 3,
          cmdSn: 1,
          ...values,
        })
        .map((one) => pdu.ManagementReply.decode(one.header).response);
    assert.deepEqual(manage({ function: ManagementFunction.abortTask, referencedTag: 99 }), [1]);
    assert.deepEqual(manage({ function: ManagementFunction.taskReassign }), [4]);
    assert.deepEqual(manage({ function: 99 }), [5]);
    assert.deepEqual(manage({ function: ManagementFunction.queryTaskSet }), [0]);
    device.answer = device.hold;
    peer.command({ tag: 5, cmdSn: 1, lun: 2 });
    assert.deepEqual(manage({ function: ManagementFunction.queryTaskSet, lun: 2 }), [7]);
    assert.deepEqual(manage({ function: ManagementFunction.queryAsynchronousEvent }), [5]);
    device.response = TaskManagementResponse.incorrectLun;
    assert.deepEqual(manage({ function: ManagementFunction.queryTask, lun: 7 }), [2]);
    device.response = TaskManagementResponse.complete;
    assert.deepEqual(manage({ function: ManagementFunction.logicalUnitReset, lun: 2 }), [0]);
    assert.equal(device.held.length, 0);
    assert.deepEqual(manage({ function: ManagementFunction.nexusReset }), [0]);
    assert.deepEqual([device.lost.length, connection.ended], [1, true], 'its connections are dropped');
    const other = new RawInitiator(lab.connection());
    other.login();
    assert.equal(lab.node.sessions.size, 1);
    const reset = { opcode: InitiatorOpcode.taskManagementRequest, immediate: 1, final: 1, tag: 3, cmdSn: 1 };
    other.say(pdu.ManagementRequest, { ...reset, function: ManagementFunction.targetColdReset });
    assert.equal(lab.node.sessions.size, 0);
  });
});
