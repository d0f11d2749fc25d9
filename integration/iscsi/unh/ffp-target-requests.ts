/** Full feature phase for targets, groups 12 to 15: SNACK, logout, reject, pings. */

import assert from 'node:assert/strict';
import {
  LogoutReason,
  LogoutResponseCode,
  RejectReason,
  reservedTag,
  SnackType,
} from '../../../src/transport/iscsi/opcodes.ts';
import { dataOut, logoutRequest, nopOut, snack } from './pdus.ts';
import type { Heard } from './peer.ts';
import { bytes, type RawInitiator, scripted, session } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';

const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes', 'MaxRecvDataSegmentLength=1024'];
const recovering = { wishes: { ErrorRecoveryLevel: 1 } };
/** The answer to a ping, and the answer to a command after it. */
function pinged(immediate: 0 | 1, data: Uint8Array, keys: readonly string[] = []) {
  const { raw, login } = session(keys);
  const numbers = immediate ? raw.immediate() : raw.numbered();
  raw.send(nopOut(numbers, data));
  const pong = raw.expect('nopIn');
  assert.deepEqual([pong.tag, pong.transferTag, pong.final], [numbers.tag, reservedTag, 1]);
  assert.equal(pong.statSn, login.statSn + 1);
  assert.equal(raw.ends(raw.command({})).statSn, pong.statSn + 1);
  return pong.data;
}

/** The target takes more in one PDU than the initiator; it says so when it is told so. */
function longPing(immediate: 0 | 1): void {
  const data = bytes(4096, 0x17);
  assert.deepEqual(pinged(immediate, data, ['MaxRecvDataSegmentLength=512']), data.slice(0, 512));
}

/** A Reject as it must be: the header that it is about, and a StatSN of its own. */
function isReject(raw: RawInitiator, reason: number, tag: number): Heard<'reject'> {
  const before = raw.history.at(-1);
  const rejected = raw.expect('reject');
  assert.deepEqual([rejected.reason, rejected.tag, rejected.final], [reason, reservedTag, 1]);
  assert.equal(rejected.data.length, 48);
  assert.equal(new DataView(rejected.data.slice().buffer).getUint32(16), tag);
  assert.ok(rejected.expCmdSn >= Number(before?.expCmdSn) && rejected.maxCmdSn >= Number(before?.maxCmdSn));
  return rejected;
}

export const requests: readonly Check[] = [
  check('12.1', 'an R2T is sent again when a SNACK asks for it', '§11.16', () => {
    const { raw } = session([...r2tOnly, 'ErrorRecoveryLevel=1'], recovering);
    raw.greet();
    const tag = raw.write(2);
    const r2t = raw.expect('readyToTransfer');
    raw.send(nopOut(raw.numbered()));
    raw.expect('nopIn');
    raw.send(snack({ type: SnackType.data, tag, begin: 0, runLength: 1, expStatSn: raw.expStatSn }));
    const again = raw.expect('readyToTransfer');
    const numbers = { expCmdSn: 0, maxCmdSn: 0, statSn: 0, bytes: 0 };
    assert.deepEqual({ ...again, ...numbers, data: r2t.data }, { ...r2t, ...numbers });
    assert.equal(again.expCmdSn, raw.cmdSn, 'the current one');
    raw.answer(again, bytes(1024));
    raw.ends(tag);
  }),
  check('12.2', 'one data-in is sent again when a SNACK asks for it', '§11.16', () => {
    const { raw } = session([...r2tOnly, 'ErrorRecoveryLevel=1'], recovering);
    raw.greet();
    raw.acknowledges = false;
    const tag = raw.read(8);
    const pdus = raw.reads(tag, 4096);
    raw.send(snack({ type: SnackType.data, tag, begin: 1, runLength: 1, expStatSn: raw.expStatSn }));
    const again = raw.expect('dataIn');
    assert.deepEqual([again.dataSn, again.offset, again.data], [1, 1024, pdus[1]?.data]);
    raw.silence();
  }),
  check('12.3', 'all data-in is sent again when a SNACK asks for it', '§11.16', () => {
    const { raw } = session([...r2tOnly, 'ErrorRecoveryLevel=1'], recovering);
    raw.greet();
    raw.acknowledges = false;
    const tag = raw.read(8);
    const pdus = raw.reads(tag, 4096);
    raw.send(snack({ type: SnackType.data, tag, begin: 0, runLength: 0, expStatSn: raw.expStatSn }));
    const again = raw.all('dataIn');
    const plain = (of: readonly Heard<'dataIn'>[]) =>
      of.map(({ dataSn, offset, final, data }) => ({ dataSn, offset, final, data }));
    assert.deepEqual(plain(again), plain(pdus));
  }),
  check(
    '12.4',
    'a SNACK for an R2T that was never sent is a protocol error; the Reject says the next R2TSN',
    '§11.16, §11.17.2',
    () => {
      const { raw } = session([...r2tOnly, 'ErrorRecoveryLevel=1'], recovering);
      raw.greet();
      const tag = raw.write(2);
      raw.expect('readyToTransfer');
      raw.send(snack({ type: SnackType.data, tag, begin: 255, runLength: 1, expStatSn: raw.expStatSn }));
      assert.equal(isReject(raw, RejectReason.protocol, tag).dataSn, 1);
    },
    {
      deviation:
        'the public text of 2003 wants the last number sent in the Reject; RFC 7143 §11.17.2 has the next one',
    },
  ),

  check('13.1', 'a logout of this connection is answered, and closes it', '§11.14, §11.15', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    raw.write(2);
    raw.expect('readyToTransfer');
    raw.send(logoutRequest({ ...raw.immediate(), reason: LogoutReason.connection, connection: 0 }));
    assert.equal(raw.expect('logoutResponse').response, LogoutResponseCode.closed);
    raw.closed();
  }),
  check('13.2', 'a logout of the session is answered, and closes it', '§11.14, §11.15', () => {
    const { raw, lab } = session(r2tOnly);
    raw.greet();
    raw.write(2);
    raw.expect('readyToTransfer');
    raw.send(logoutRequest({ ...raw.immediate(), reason: LogoutReason.session }));
    assert.equal(raw.expect('logoutResponse').response, LogoutResponseCode.closed);
    raw.closed();
    assert.equal(lab.node.sessions.size, 0);
  }),
  check(
    '13.3',
    'a logout of a connection that there is not: "CID not found", and all stays open',
    '§11.15.1',
    () => {
      const { raw } = session(r2tOnly);
      raw.greet();
      const tag = raw.write(2);
      const r2t = raw.expect('readyToTransfer');
      raw.send(logoutRequest({ ...raw.immediate(), reason: LogoutReason.connection, connection: 77 }));
      assert.equal(raw.expect('logoutResponse').response, LogoutResponseCode.noSuchConnection);
      raw.open();
      raw.answer(r2t, bytes(1024));
      raw.ends(tag);
    },
  ),

  check('14.1', 'data-out for a task that there is not disturbs no other', '§11.17', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    const tag = raw.write(2);
    const r2t = raw.expect('readyToTransfer');
    raw.answer(r2t, bytes(512), { tag: tag + 1, final: 0 });
    raw.silence(); // a Reject is allowed; we drop it
    raw.send(dataOut({ tag, transferTag: r2t.transferTag }, bytes(512)));
    raw.send(dataOut({ tag, transferTag: r2t.transferTag, final: 1, dataSn: 1, offset: 512 }, bytes(512)));
    raw.ends(tag);
  }),
  check('14.2', 'a DataACK for what needs none is rejected, with its header', '§11.16.2, §11.17', () => {
    const { raw } = session([...r2tOnly, 'ErrorRecoveryLevel=1'], recovering);
    raw.greet();
    const tag = raw.read(2);
    raw.reads(tag, 1024);
    raw.send(snack({ type: SnackType.dataAck, tag, transferTag: 5, expStatSn: raw.expStatSn }));
    isReject(raw, RejectReason.invalidField, tag);
    raw.send(snack({ type: SnackType.dataAck, transferTag: 5, expStatSn: raw.expStatSn }));
    isReject(raw, RejectReason.invalidDataAck, reservedTag);
  }),
  check('14.3', 'at level 0 a SNACK is rejected, with its header', '§11.16, §11.17', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    const tag = raw.write(2);
    const r2t = raw.expect('readyToTransfer');
    raw.send(snack({ type: SnackType.data, tag, runLength: 1, expStatSn: raw.expStatSn }));
    const rejected = isReject(raw, RejectReason.protocol, tag);
    assert.equal(rejected.statSn, r2t.statSn);
    raw.answer(r2t, bytes(1024));
    assert.equal(raw.ends(tag).statSn, rejected.statSn + 1);
  }),

  check('15.1.1', 'an immediate ping without data', '§11.18, §11.19', () => {
    assert.equal(pinged(1, bytes(0)).length, 0);
  }),
  check('15.1.2', 'a numbered ping without data', '§11.18, §11.19', () => {
    assert.equal(pinged(0, bytes(0)).length, 0);
  }),
  check('15.1.3', 'a numbered ping with data, which comes back', '§11.18, §11.19', () => {
    assert.deepEqual(pinged(0, bytes(100, 0x17)), bytes(100, 0x17));
  }),
  check('15.1.4', 'an immediate ping with data, which comes back', '§11.18, §11.19', () => {
    assert.deepEqual(pinged(1, bytes(100, 0x17)), bytes(100, 0x17));
  }),
  check('15.1.5', 'an immediate ping with more data than the initiator takes', '§11.19', () => longPing(1)),
  check('15.1.6', 'a numbered ping with more data than the initiator takes', '§11.19', () => longPing(0)),
  check('15.2', 'after a silence the target pings, with a tag and without a StatSN', '§11.19', () => {
    const { raw, lab, connection, login } = session(['MaxRecvDataSegmentLength=512']);
    lab.clock.advance(15_001);
    connection.tick();
    const ping = raw.expect('nopIn');
    assert.deepEqual([ping.tag, ping.data.length, ping.statSn], [reservedTag, 0, login.statSn + 1]);
    assert.notEqual(ping.transferTag, reservedTag);
    raw.send(
      nopOut({
        immediate: 1,
        tag: reservedTag,
        transferTag: ping.transferTag,
        lun: ping.lun,
        cmdSn: raw.cmdSn,
      }),
    );
    assert.equal(raw.ends(raw.command({})).statSn, ping.statSn);
  }),
  check(
    '15.3',
    'a window that was full opens again; every answer says so, and no NOP-In has to',
    '§4.2.2.1, §11.19',
    () => {
      const { raw, device, login } = scripted([], { depth: 4 });
      device.answer = device.hold;
      assert.equal(login.maxCmdSn - login.expCmdSn, 3);
      const tags = Array.from({ length: 4 }, () => raw.command({}));
      raw.silence();
      raw.command({ cmdSn: login.maxCmdSn + 1, tag: 0xbad });
      raw.cmdSn--;
      assert.equal(device.held.length, 4, 'the window is shut');
      for (const tag of tags) {
        device.take().complete(0);
        const { maxCmdSn } = raw.ends(tag);
        assert.ok(maxCmdSn >= raw.cmdSn, 'open again');
      }
    },
  ),
];
