/** Full feature phase for initiators, groups 13 to 15, 17, 19 and 20: SNACK, logout, pings, task management, async messages. */

import assert from 'node:assert/strict';
import { TaskManagement } from '../../../src/scsi/command.ts';
import {
  AsyncEvent,
  LogoutReason,
  ManagementFunction,
  reservedTag,
  SnackType,
} from '../../../src/transport/iscsi/opcodes.ts';
import { ProtocolError } from '../../../src/transport/iscsi/protocol-error.ts';
import { asyncMessage, managementReply, nopIn } from './pdus.ts';
import { called, pattern } from './raw-target.ts';
import { type Check, check } from './suite.ts';
import {
  noReassigning,
  offersNoReassignment,
  offersOneConnection,
  singleConnectionInitiator,
} from './verdicts.ts';

const recovering = { wishes: { ErrorRecoveryLevel: 1 } };

/** A target that asks for the end gets a Logout Request, and no command after it. */
function logsOut(event: number, parameters: Parameters<typeof asyncMessage>[0] = {}): void {
  const { raw, read, told, connection } = called();
  read(8);
  raw.expect('scsiCommand');
  const due = connection.expStatSn + 1;
  raw.send(asyncMessage({ ...raw.numbered(), event, ...parameters }));
  const logout = raw.expect('logoutRequest');
  assert.deepEqual([logout.reason, logout.ahsWords, logout.data.length], [LogoutReason.session, 0, 0]);
  assert.equal(logout.expStatSn, due);
  connection.tasks?.advance();
  raw.closed();
  assert.ok(told.over instanceof Error);
}

/** A target that says that the connection is gone: so it is, and no request follows. */
function goes(event: number, parameters: Parameters<typeof asyncMessage>[0]): void {
  const { raw, read, told } = called();
  const task = read(8);
  raw.expect('scsiCommand');
  raw.send(asyncMessage({ ...raw.numbered(), event, ...parameters }));
  raw.closed();
  assert.ok(told.over instanceof ProtocolError);
  assert.equal(told.over.time2Wait, parameters?.parameter2 ?? 0);
  assert.equal(task.fault, 'nexus-lost');
}

/** A command at the target, and task management for it or its set on the way. */
function managed(what: TaskManagement, lun = 3) {
  const all = called(['ErrorRecoveryLevel=1', 'InitialR2T=Yes', 'ImmediateData=No'], recovering);
  const task = what === TaskManagement.abortTask ? all.read(8, lun) : all.write(512, lun);
  const command = all.raw.expect('scsiCommand');
  const response = all.connection.manage(what, lun, task);
  const request = all.raw.expect('managementRequest');
  return { ...all, task, command, request, response };
}

export const requests: readonly Check[] = [
  check(
    '13.1',
    'missing data-in is asked for: its task, BegRun, RunLength; the status is not acknowledged before',
    '§11.16',
    () => {
      const { raw, read } = called(['ErrorRecoveryLevel=1'], recovering);
      const task = read(6000);
      const { tag, expStatSn } = raw.expect('scsiCommand');
      const part = (dataSn: number) =>
        raw.data(tag, pattern(1000), { dataSn, offset: 1000 * dataSn, final: dataSn === 5 ? 1 : 0 });
      for (const dataSn of [0, 1, 2, 4]) part(dataSn);
      const asked = raw.expect('snack');
      assert.deepEqual(
        [asked.type, asked.tag, asked.transferTag, asked.begin, asked.runLength, asked.expStatSn],
        [SnackType.data, tag, reservedTag, 3, 1, expStatSn],
      );
      part(5);
      raw.good(tag, { expDataSn: 6 });
      assert.ok(task.slot >= 0, 'it waits for its data');
      part(3);
      assert.deepEqual([task.slot, task.dataInTransferred], [-1, 6000]);
    },
  ),
  check('13.2', 'a DataACK has RunLength 0, no task, and the target’s tag', '§11.16.2', () => {
    const { raw, read } = called(['ErrorRecoveryLevel=1', 'MaxBurstLength=8192'], recovering);
    read(16_384);
    const { tag } = raw.expect('scsiCommand');
    raw.data(tag, pattern(8192), { final: 1, acknowledge: 1, transferTag: 0xcafe, lun: 0 });
    const ack = raw.expect('snack');
    assert.deepEqual(
      [ack.type, ack.tag, ack.transferTag, ack.begin, ack.runLength],
      [SnackType.dataAck, reservedTag, 0xcafe, 1, 0],
    );
  }),
  check('14.1', 'asked to log out, it sends a Logout Request, and nothing after it', '§11.9.1, §11.14', () =>
    logsOut(AsyncEvent.logoutRequested, { parameter3: 5 }),
  ),
  check(
    '14.2',
    'asked to log out of one of two connections',
    '§11.9.1, §11.14',
    offersOneConnection,
    singleConnectionInitiator,
  ),
  check('15.1', 'a ping is answered: the same tag and LUN, no task, I, no data', '§11.18, §11.19', () => {
    const { raw, read } = called();
    raw.send(nopIn({ ...raw.unnumbered(), transferTag: 0x77, lun: 2 }));
    const pong = raw.expect('nopOut');
    assert.deepEqual([pong.transferTag, pong.lun, pong.tag], [0x77, 2, reservedTag]);
    assert.deepEqual([pong.immediate, pong.data.length], [1, 0]);
    read(8);
    assert.equal(raw.expect('scsiCommand').cmdSn, pong.cmdSn);
  }),
  check('15.2', 'after a silence it pings: a tag of its own, no Target Transfer Tag, LUN 0', '§11.18', () => {
    const { raw, read, lab, connection } = called();
    lab.clock.advance(15_001);
    connection.tick();
    const ping = raw.expect('nopOut');
    assert.deepEqual([ping.transferTag, ping.lun, ping.immediate], [reservedTag, 0, 1]);
    assert.notEqual(ping.tag, reservedTag);
    raw.send(nopIn({ ...raw.numbered(), tag: ping.tag }));
    read(8);
    assert.equal(raw.expect('scsiCommand').cmdSn, ping.cmdSn);
  }),
  check(
    '15.3',
    'a NOP-Out that only confirms ExpStatSN',
    '§11.18',
    () => {
      const { raw, read, lab, connection } = called();
      read(0);
      raw.good(raw.expect('scsiCommand').tag);
      for (let i = 0; i < 4; i++) {
        lab.clock.advance(10_000);
        connection.tick();
        lab.clock.advance(1);
        for (const { tag, transferTag, expStatSn } of raw.all('nopOut')) {
          assert.notEqual(tag, reservedTag);
          assert.equal(expStatSn, connection.expStatSn);
          raw.send(nopIn({ ...raw.numbered(), tag, transferTag }));
        }
      }
      raw.open();
    },
    { notApplicable: 'it is optional and never sent; ExpStatSN goes with every request and ping' },
  ),
  check('17.1', 'after its Logout Request no command goes out', '§11.14', () =>
    logsOut(AsyncEvent.logoutRequested),
  ),
  check('19.1', 'immediate task management has the CmdSN of the command after it', '§11.5', () => {
    const { raw, request, read } = managed(TaskManagement.abortTask);
    read(8);
    assert.deepEqual([request.immediate, request.cmdSn], [1, raw.expect('scsiCommand').cmdSn]);
  }),
  check('19.2', 'task management has the LUN of its task', '§11.5.3', () => {
    const { request, command } = managed(TaskManagement.abortTask, 7);
    assert.deepEqual([request.lun, command.lun], [7, 7]);
  }),
  check('19.3', 'ABORT TASK has the task’s tag, and its CmdSN as RefCmdSN', '§11.5.5', () => {
    const { request, command } = managed(TaskManagement.abortTask);
    assert.deepEqual(
      [request.function, request.referencedTag, request.refCmdSn],
      [ManagementFunction.abortTask, command.tag, command.cmdSn],
    );
  }),
  check('19.4.1', 'after ABORT TASK SET, R2Ts and pings are answered as before', '§4.2.3.2', () => {
    const { raw, request, command } = managed(TaskManagement.abortTaskSet);
    assert.equal(request.function, ManagementFunction.abortTaskSet);
    raw.send(nopIn({ ...raw.unnumbered(), transferTag: 0x99, lun: 3 }));
    assert.equal(raw.expect('nopOut').transferTag, 0x99);
    raw.ask(command.tag, { desiredLength: 512, lun: 3 });
    assert.equal(raw.sequence(command.tag).length, 1);
  }),
  check(
    '19.4.2',
    'after ABORT TASK SET, data-in with the A bit is acknowledged as before',
    '§4.2.3.2',
    () => {
      const { raw, read, connection } = called(['ErrorRecoveryLevel=1'], recovering);
      const task = read(512);
      const { tag } = raw.expect('scsiCommand');
      connection.manage(TaskManagement.abortTaskSet, 0, task).catch(() => undefined);
      raw.expect('managementRequest');
      raw.send(nopIn({ ...raw.unnumbered(), transferTag: 0x99 }));
      raw.expect('nopOut');
      raw.data(tag, pattern(512), { final: 1, acknowledge: 1, transferTag: 0x42 });
      assert.deepEqual([raw.expect('snack').transferTag, task.slot >= 0], [0x42, true]);
    },
  ),
  check(
    '19.4.3',
    'after ABORT TASK SET, a task’s own response is taken; what is left ends with the answer',
    '§4.2.3.2',
    async () => {
      const { raw, request, command, task, write, response } = managed(TaskManagement.abortTaskSet);
      raw.good(command.tag);
      assert.deepEqual([task.slot, task.fault], [-1, undefined]);
      const younger = write(512, 3);
      raw.expect('scsiCommand');
      raw.send(managementReply({ ...raw.numbered(), tag: request.tag, response: 0 }));
      await response;
      assert.ok(younger.slot >= 0, 'a younger command lives on');
      raw.silence();
      raw.open();
    },
  ),
  check('19.5', 'TASK REASSIGN when a connection has failed', '§7.2.2', offersNoReassignment, noReassigning),
  check('20.1', 'asked to log out within a second, it does so at once', '§11.9.1', () =>
    logsOut(AsyncEvent.logoutRequested, { parameter3: 1 }),
  ),
  check('20.2', 'told that its connection is dropped, it leaves it', '§11.9.1', () =>
    goes(AsyncEvent.connectionDropped, { parameter1: 0, parameter3: 1 }),
  ),
  check('20.3', 'told that all connections are dropped, it leaves them', '§11.9.1', () =>
    goes(AsyncEvent.allConnectionsDropped, { parameter2: 1, parameter3: 2 }),
  ),
  check('20.4', 'asked to negotiate, it logs out, which is one of the two answers', '§11.9.1', () =>
    logsOut(AsyncEvent.renegotiate, { parameter3: 3 }),
  ),
];
