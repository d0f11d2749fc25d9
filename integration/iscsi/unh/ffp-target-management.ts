/** Full feature phase for targets, group 11: task management. */

import assert from 'node:assert/strict';
import { ManagementFunction, ManagementResponse } from '../../../src/transport/iscsi/opcodes.ts';
import { managementRequest, nopOut } from './pdus.ts';
import { bytes, scripted, session } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';
import { noReassignment, refusesReassignment } from './verdicts.ts';

const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes', 'MaxRecvDataSegmentLength=1024'];
const recovering = { wishes: { ErrorRecoveryLevel: 1 } };
const f = ManagementFunction;

/** READs are held at the device; a function ends them without a word. */
function cancels(what: number, closes: boolean): void {
  const { raw, device, connection } = scripted(['ErrorRecoveryLevel=1'], recovering);
  device.answer = device.hold;
  raw.read(4);
  raw.read(4);
  raw.send(managementRequest({ ...raw.numbered(), immediate: 0, function: what }));
  assert.equal(raw.expect('managementReply').response, ManagementResponse.complete);
  raw.silence();
  assert.equal(device.held.length, 0);
  assert.equal(connection.ended, closes);
}

export const management: readonly Check[] = [
  check(
    '11.1',
    'one immediate command and one immediate ABORT TASK are served beside a write',
    '§11.5, §4.2.2.1',
    () => {
      const { raw } = session(r2tOnly);
      raw.greet();
      const [first, refCmdSn] = [raw.write(2), raw.cmdSn - 1];
      const r2t = raw.expect('readyToTransfer');
      const second = raw.write(2, { immediate: 1 });
      raw.send(
        managementRequest({ ...raw.immediate(), function: f.abortTask, referencedTag: first, refCmdSn }),
      );
      raw.answer(r2t, bytes(1024));
      const other = raw.expect('readyToTransfer');
      assert.equal(other.tag, second);
      assert.equal(raw.expect('managementReply').response, ManagementResponse.complete);
      raw.answer(other, bytes(1024));
      raw.ends(second);
      raw.silence();
    },
  ),
  check('11.2.1', 'TASK REASSIGN after a logout', '§11.5.1', refusesReassignment, noReassignment),
  check(
    '11.2.2',
    'TASK REASSIGN of a task that is still allegiant',
    '§11.5.1',
    refusesReassignment,
    noReassignment,
  ),
  check(
    '11.2.3',
    'TASK REASSIGN after a connection was lost',
    '§11.5.1',
    refusesReassignment,
    noReassignment,
  ),
  check(
    '11.3.1',
    'ABORT TASK SET is answered after what it ends, and nothing follows it',
    '§4.2.3.2, §11.6.1',
    () => {
      const { raw, device } = scripted(['ErrorRecoveryLevel=1'], recovering);
      device.answer = device.hold;
      raw.read(4);
      raw.send(managementRequest({ ...raw.immediate(), function: f.abortTaskSet }));
      const ping = raw.numbered();
      raw.send(nopOut(ping));
      assert.equal(raw.expect('managementReply').response, ManagementResponse.complete);
      assert.equal(raw.expect('nopIn').tag, ping.tag);
      raw.silence();
      assert.equal(device.held.length, 0);
    },
  ),
  check(
    '11.3.2',
    'ABORT TASK SET waits for an older command that comes late, and ends it too',
    '§4.2.3.2',
    () => {
      const { raw, device } = scripted();
      device.answer = device.hold;
      raw.read(4);
      const late = raw.cmdSn++;
      raw.send(managementRequest({ ...raw.immediate(), function: f.abortTaskSet }));
      raw.silence();
      raw.read(4, { cmdSn: late });
      raw.cmdSn--;
      const ping = raw.numbered();
      raw.send(nopOut(ping));
      assert.equal(raw.expect('managementReply').response, ManagementResponse.complete);
      assert.equal(raw.expect('nopIn').tag, ping.tag);
      raw.silence();
      assert.equal(device.held.length, 0);
    },
  ),
  check('11.3.3', 'ABORT TASK of a task that there is not: "task does not exist"', '§11.6.1', () => {
    const { raw } = session();
    raw.greet();
    const tag = raw.read(4);
    raw.send(
      managementRequest({
        ...raw.immediate(),
        function: f.abortTask,
        referencedTag: 0x999,
        refCmdSn: raw.cmdSn,
      }),
    );
    raw.reads(tag, 2048);
    assert.equal(raw.expect('managementReply').response, ManagementResponse.noSuchTask);
    raw.send(nopOut(raw.immediate()));
    raw.expect('nopIn');
  }),
  check('11.4', 'TARGET WARM RESET ends all commands', '§11.5.1', () => cancels(f.targetWarmReset, false)),
  check('11.5', 'TARGET COLD RESET ends all commands and the connection', '§11.5.1', () =>
    cancels(f.targetColdReset, true),
  ),
];
