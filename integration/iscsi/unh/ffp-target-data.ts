/** Full feature phase for targets, groups 1 to 10: serial numbers, data, R2T. */

import assert from 'node:assert/strict';
import { AdditionalSense } from '../../../src/scsi/sense.ts';
import { Status } from '../../../src/scsi/status.ts';
import { RejectReason, reservedTag } from '../../../src/transport/iscsi/opcodes.ts';
import { dataOut, scsiCommand } from './pdus.ts';
import { blockSize, bytes, cdb, type RawInitiator, session } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';
import { refusesSecondConnection, singleConnection } from './verdicts.ts';

const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes', 'MaxRecvDataSegmentLength=1024'];
const recovering = { wishes: { ErrorRecoveryLevel: 1 } };

function tenWrites(raw: RawInitiator): void {
  for (let i = 0; i < 10; i++) raw.wholeWrite(2);
}

/** Nine writes are carried out; the seventh of ten, with a wrong CmdSN, is not. */
function ignores(wrong: (raw: RawInitiator) => number): void {
  const { raw } = session(r2tOnly);
  raw.greet();
  for (let i = 0; i < 6; i++) raw.wholeWrite(2);
  raw.write(2, { cmdSn: wrong(raw), tag: 0xbad });
  raw.cmdSn--; // it was not used
  raw.silence();
  for (let i = 0; i < 3; i++) raw.wholeWrite(2);
  raw.silence();
}

const unsolicited = AdditionalSense.writeErrorNotEnoughUnsolicitedData;

export const data: readonly Check[] = [
  check('1.1', 'MaxCmdSN is never below ExpCmdSN - 1, and never goes back', '§4.2.2.1', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    tenWrites(raw);
    let last = 0;
    for (const { expCmdSn, maxCmdSn } of raw.history) {
      assert.ok(maxCmdSn >= expCmdSn - 1 && maxCmdSn >= last, `${maxCmdSn} after ${last}, with ${expCmdSn}`);
      last = maxCmdSn;
    }
    assert.equal(raw.history.at(-1)?.expCmdSn, raw.cmdSn);
  }),
  check('1.2', 'a command outside the window is ignored', '§4.2.2.1', () => {
    ignores((raw) => Number(raw.history.at(-1)?.maxCmdSn) + 1);
  }),
  check('1.3', 'a command with a CmdSN that was used is ignored', '§4.2.2.1', () => {
    ignores((raw) => raw.cmdSn - 2);
  }),
  check('2.1', 'StatSN goes up by one with every answer, from login on', '§4.2.2.2', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    tenWrites(raw);
    const counted = raw.history.filter(({ numbered }) => numbered).map(({ statSn }) => statSn);
    assert.ok(counted.length >= 14);
    assert.deepEqual(
      counted,
      Array.from(counted, (_, i) => Number(counted[0]) + i),
    );
  }),
  check('3.1', 'DataSN begins at 0 in each read and goes up by one', '§4.2.2.4', () => {
    const { raw } = session(r2tOnly);
    raw.greet();
    for (let i = 0; i < 3; i++) assert.equal(raw.reads(raw.read(8), 4096).length, 4);
  }),
  check('4.1', 'R2TSN begins at 0 in each write and goes up by one', '§4.2.2.4', () => {
    const { raw } = session([...r2tOnly, 'MaxBurstLength=512', 'MaxOutstandingR2T=2']);
    raw.greet();
    for (let command = 0; command < 3; command++) {
      const tag = raw.write(6);
      const numbers: number[] = [];
      while (raw.kinds[0] === 'readyToTransfer') {
        const r2t = raw.expect('readyToTransfer');
        numbers.push(r2t.r2tSn);
        raw.answer(r2t, bytes(r2t.desiredLength));
      }
      assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5]);
      raw.ends(tag);
    }
  }),
  check(
    '5.1',
    'a command whose data digest was wrong is rejected, and taken when it comes again',
    '§7.2.1, §7.8',
    () => {
      const { raw } = session(['ErrorRecoveryLevel=1', 'DataDigest=CRC32C', 'InitialR2T=Yes'], recovering);
      raw.greet();
      const numbers = raw.numbered();
      const values = { ...numbers, write: 1, expectedLength: 512, cdb: cdb(0x2a, 0, 0, 0, 0, 0, 0, 0, 1) };
      raw.send(scsiCommand(values, bytes(512)), 'data');
      const rejected = raw.expect('reject');
      assert.deepEqual([rejected.reason, rejected.expCmdSn], [RejectReason.dataDigest, numbers.cmdSn]);
      raw.send(scsiCommand(values, bytes(512)));
      raw.ends(numbers.tag);
    },
  ),
  check(
    '6.1',
    'data and status come on the connection of the command',
    '§4.2.5.1',
    refusesSecondConnection,
    singleConnection,
  ),
  check('7.1', 'more data than an R2T asked for ends the command', '§11.4.7.2', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=Yes', 'MaxBurstLength=512']);
    raw.greet();
    const tag = raw.write(2);
    raw.answer(raw.expect('readyToTransfer'), bytes(1024));
    raw.refused(tag, unsolicited);
  }),
  check('7.2', 'more unsolicited data than FirstBurstLength ends the command', '§11.4.7.2', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=No', 'FirstBurstLength=512']);
    raw.greet();
    const tag = raw.write(4, { final: 0 });
    raw.send(dataOut({ tag }, bytes(512)));
    raw.send(dataOut({ tag, final: 1, dataSn: 1, offset: 512 }, bytes(512)));
    raw.refused(tag, unsolicited);
  }),
  check('8.1', 'an R2T has a Target Transfer Tag, and the LUN of its command', '§11.7.4, §11.8', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=No']);
    raw.greet();
    const tag = raw.write(1);
    const r2t = raw.expect('readyToTransfer');
    assert.notEqual(r2t.transferTag, reservedTag);
    assert.deepEqual([r2t.tag, r2t.lun], [tag, 0]);
  }),
  check('8.2', 'data-in without the A bit has no Target Transfer Tag and no LUN', '§11.7.4', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=No', 'MaxRecvDataSegmentLength=512']);
    raw.greet();
    for (const { acknowledge, transferTag, lun } of raw.reads(raw.read(4), 2048))
      assert.deepEqual([acknowledge, transferTag, lun], [0, reservedTag, 0]);
  }),
  check('9.1', 'status travels with the last data only if it is no error, with S and F', '§11.7.3', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=1024']);
    raw.greet();
    const pdus = raw.reads(raw.read(8), 4096);
    assert.deepEqual(
      pdus.map(({ hasStatus }) => hasStatus),
      [0, 0, 0, 1],
    );
    assert.equal(pdus.at(-1)?.final, 1);
    const beyond = raw.command({ read: 1, expectedLength: 512, cdb: cdb(0x28, 0, 0xff, 0, 0, 0, 0, 0, 1) });
    raw.refused(beyond, AdditionalSense.logicalBlockAddressOutOfRange);
  }),
  check('9.2', 'F is set in the last data-in of a sequence, and at each MaxBurstLength', '§11.7.1', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=512', 'MaxBurstLength=1024']);
    raw.greet();
    const pdus = raw.reads(raw.read(5), 2560);
    assert.deepEqual(
      pdus.map(({ final }) => final),
      [0, 1, 0, 1, 1],
    );
  }),
  check('9.3.1', 'no data-in is longer than the initiator takes', '§13.12', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=512']);
    raw.greet();
    for (const { data } of raw.reads(raw.read(16), 8192)) assert.ok(data.length <= 512);
  }),
  check('9.3.2', 'data-out without data is no error', '§11.7.7', () => {
    const { raw } = session(['ImmediateData=No', 'InitialR2T=Yes']);
    raw.greet();
    const tag = raw.write(1);
    const r2t = raw.expect('readyToTransfer');
    raw.answer(r2t, bytes(0), { final: 0 });
    raw.answer(r2t, bytes(512), { dataSn: 1 });
    raw.ends(tag);
  }),
  check('9.3.3', 'data-in without F fills whole words of four bytes', '§11.7.7', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=1023']);
    raw.greet();
    for (const { data, final } of raw.reads(raw.read(9), 4608)) assert.ok(final || data.length % 4 === 0);
  }),
  check('9.4', 'DataSN counts the data-in of a command from 0, over all bursts', '§11.7.5', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=512', 'MaxBurstLength=1024']);
    raw.greet();
    const pdus = raw.reads(raw.read(12), 6144);
    assert.deepEqual(
      pdus.map(({ dataSn }) => dataSn),
      Array.from({ length: 12 }, (_, i) => i),
    );
  }),
  check('9.5', 'Buffer Offset goes up without gaps', '§11.7.6', () => {
    const { raw } = session(['MaxRecvDataSegmentLength=512']);
    raw.greet();
    const pdus = raw.reads(raw.read(12), 6144);
    assert.deepEqual(
      pdus.map(({ offset }) => offset),
      Array.from({ length: 12 }, (_, i) => i * blockSize),
    );
  }),
  check(
    '10.1',
    'R2Ts ask for adjoining ranges, no longer than MaxBurstLength, and take no StatSN',
    '§11.8',
    () => {
      const keys = ['MaxBurstLength=512', 'FirstBurstLength=512', 'MaxOutstandingR2T=3'];
      const { raw } = session([...r2tOnly, ...keys]);
      raw.greet();
      const tag = raw.write(3, { tag: 0xa2a2a2a2 });
      const r2ts = raw.all('readyToTransfer');
      assert.equal(r2ts.length, 3);
      assert.equal(new Set(r2ts.map(({ transferTag }) => transferTag)).size, 3);
      for (const [index, r2t] of r2ts.entries()) {
        assert.deepEqual([r2t.tag, r2t.r2tSn, r2t.statSn], [tag, index, raw.expStatSn]);
        assert.deepEqual([r2t.offset, r2t.desiredLength], [index * 512, 512]);
        assert.notEqual(r2t.transferTag, reservedTag);
        raw.answer(r2t, bytes(512));
      }
      assert.equal(raw.ends(tag, Status.good).statSn, r2ts[0]?.statSn);
    },
  ),
];
