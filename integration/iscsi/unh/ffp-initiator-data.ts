/** Full feature phase for initiators, groups 1 to 12: serial numbers, the window, data-out, R2T. */

import assert from 'node:assert/strict';
import { Status } from '../../../src/scsi/status.ts';
import { reservedTag, SnackType } from '../../../src/transport/iscsi/opcodes.ts';
import { nopIn } from './pdus.ts';
import type { Heard } from './peer.ts';
import { called, pattern, type RawTarget } from './raw-target.ts';
import { type Check, check } from './suite.ts';
import { noReassigning, offersNoReassignment } from './verdicts.ts';

const r2tOnly = ['ImmediateData=No', 'InitialR2T=Yes', 'FirstBurstLength=65536', 'MaxBurstLength=262144'];
const recovering = { wishes: { ErrorRecoveryLevel: 1 } };
const small = ['FirstBurstLength=512', 'MaxBurstLength=1024'];

/** Commands wait while the window is closed, and go when a NOP-In opens it. */
function waits(depthAfter: number): void {
  const { raw, read } = called([], {}, 1);
  const [first, second, third] = [read(0), read(0), read(0)];
  const { tag } = raw.expect('scsiCommand');
  raw.silence();
  raw.depth = depthAfter;
  raw.good(tag);
  assert.equal(first.slot, -1);
  for (let i = 0; i < depthAfter; i++) raw.expect('scsiCommand');
  raw.silence();
  raw.depth = 4;
  raw.send(nopIn(raw.unnumbered()));
  for (let i = depthAfter; i < 2; i++) raw.expect('scsiCommand');
  raw.silence();
  assert.ok(second.slot >= 0 && third.slot >= 0);
}

/** The whole of a write by R2Ts of `step` bytes; gives its data-out, R2T by R2T. */
function byR2t(raw: RawTarget, length: number, step: number): Heard<'dataOut'>[][] {
  const { tag, data, final } = raw.expect('scsiCommand');
  assert.deepEqual([data.length, final], [0, 1]);
  const sequences: Heard<'dataOut'>[][] = [];
  for (let offset = 0; offset < length; offset += step) {
    raw.silence();
    const transferTag = 0xabba0000 + offset;
    raw.ask(tag, { r2tSn: sequences.length, transferTag, offset, desiredLength: step });
    const pdus = raw.sequence(tag);
    assert.ok(pdus.every((one) => one.transferTag === transferTag));
    sequences.push(pdus);
  }
  raw.good(tag);
  return sequences;
}

const join = (pdus: readonly Heard<'dataOut'>[]) => Buffer.concat(pdus.map(({ data }) => data));
const offsets = (pdus: readonly Heard<'dataOut'>[]) => pdus.map(({ offset }) => offset);

export const numbers: readonly Check[] = [
  check('1.1', 'CmdSN goes up by one with every numbered request, from login on', '§4.2.2.1', () => {
    const { raw, read } = called();
    const first = raw.expCmdSn;
    for (let i = 0; i < 5; i++) {
      read(8);
      const { cmdSn, tag } = raw.expect('scsiCommand');
      assert.equal(cmdSn, first + i);
      raw.data(tag, pattern(8), { final: 1, hasStatus: 1 });
    }
  }),
  check('2.1', 'an immediate request has I and the next CmdSN, and does not use it up', '§4.2.2.1', () => {
    const { raw, read, lab, connection } = called();
    lab.clock.advance(15_001);
    connection.tick();
    const ping = raw.expect('nopOut');
    read(8);
    assert.deepEqual([ping.immediate, ping.cmdSn], [1, raw.expect('scsiCommand').cmdSn]);
  }),
  check('2.2', 'immediate task management has the CmdSN of the command after it', '§4.2.2.1', () => {
    const { raw, read, connection } = called();
    const task = read(8);
    raw.expect('scsiCommand');
    connection.abort(task);
    const { immediate, cmdSn } = raw.expect('managementRequest');
    read(8);
    assert.deepEqual([immediate, cmdSn], [1, raw.expect('scsiCommand').cmdSn]);
  }),
  check('3.1', 'no command while the window is closed', '§4.2.2.1', () => waits(0)),
  check('3.2', 'as many commands at once as a large window takes', '§4.2.2.1', () => {
    const { raw, read } = called([], {}, 100);
    for (let i = 0; i < 120; i++) read(0);
    assert.equal(raw.kinds.length, 100);
  }),
  check('3.3', 'one command at a time in a window of one', '§4.2.2.1', () => waits(1)),
  check('4.1', 'a command sent again is the same in all: tag, CmdSN, flags, LUN, CDB', '§7.2.1', () => {
    const { raw, read, lab, connection } = called([], recovering);
    read(8);
    const first = raw.expect('scsiCommand');
    raw.expCmdSn--; // it was never received
    for (let i = 0; i < 6; i++) {
      lab.clock.advance(1_000);
      connection.tick();
    }
    const again = raw.waiting.find(({ header }) => (Number(header[0]) & 0x3f) === 1);
    assert.ok(again, 'it comes again');
    assert.deepEqual(Buffer.from(again.header), Buffer.from(first.bytes));
  }),
  check(
    '5.1',
    'a StatSN that is 2**31 - 1 off ends the session at level 0, and above it too',
    '§4.2.2.2',
    () => {
      for (const options of [{}, recovering]) {
        const { raw, read, told } = called([], options);
        read(0);
        const { tag, expStatSn } = raw.expect('scsiCommand');
        raw.good(tag, { statSn: (expStatSn + 0x7fffffff) >>> 0 });
        assert.ok(told.over instanceof Error);
      }
    },
  ),
  check('6.1', 'DataSN begins at 0 for each R2T and goes up by one', '§4.2.2.4', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=1024']);
    for (let i = 0; i < 2; i++) {
      write(8192);
      for (const pdus of byR2t(raw, 8192, 4096)) assert.equal(pdus.length, 4);
    }
  }),
  check('7.1', 'reassigning tasks to another connection', '§7.2.2', offersNoReassignment, noReassigning),
  check(
    '8.1',
    'InitialR2T=No, ImmediateData=Yes: no more than FirstBurstLength before an R2T',
    '§4.2.5.2',
    () => {
      const { raw, write } = called([
        'InitialR2T=No',
        'ImmediateData=Yes',
        ...small,
        'MaxRecvDataSegmentLength=512',
      ]);
      write(2048);
      const { tag, data, final } = raw.expect('scsiCommand');
      assert.deepEqual([data.length, final], [512, 1]);
      raw.silence();
      raw.ask(tag, { offset: 512, desiredLength: 1024 });
      assert.equal(join(raw.sequence(tag)).length, 1024);
      raw.silence();
    },
  ),
  check('8.2', 'InitialR2T=Yes, ImmediateData=No: nothing before an R2T', '§4.2.5.2', () => {
    const { raw, write } = called(['InitialR2T=Yes', 'ImmediateData=No', ...small]);
    write(2048);
    assert.equal(byR2t(raw, 2048, 1024).length, 2);
  }),
  check('8.3', 'InitialR2T=No, ImmediateData=No: a first burst in Data-Out of its own', '§4.2.5.2', () => {
    const { raw, write } = called(['InitialR2T=No', 'ImmediateData=No', ...small]);
    write(2048);
    const { tag, data, final } = raw.expect('scsiCommand');
    assert.deepEqual([data.length, final], [0, 0]);
    const pdus = raw.sequence(tag);
    assert.equal(join(pdus).length, 512);
    assert.ok(pdus.every(({ transferTag }) => transferTag === reservedTag));
    raw.silence();
  }),
  check('9.1', 'data-out has the Target Transfer Tag and the LUN of its R2T', '§11.7.4', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=512']);
    write(1024, 5);
    const { tag } = raw.expect('scsiCommand');
    raw.ask(tag, { transferTag: 0x12345678, lun: 5, desiredLength: 1024 });
    for (const one of raw.sequence(tag)) assert.deepEqual([one.transferTag, one.lun], [0x12345678, 5]);
  }),
  check('10.1', 'status in the last data-in ends the command', '§11.7.3', () => {
    const { raw, read } = called();
    const task = read(1000);
    const { tag } = raw.expect('scsiCommand');
    raw.data(tag, pattern(500));
    raw.data(tag, pattern(500), { dataSn: 1, offset: 500, final: 1, hasStatus: 1, status: Status.good });
    assert.deepEqual([task.slot, task.status, task.dataInTransferred], [-1, Status.good, 1000]);
    read(8);
    raw.expect('scsiCommand');
  }),
  check(
    '10.2',
    'the A bit is answered by a DataACK, before ExpStatSN acknowledges the command',
    '§11.7.2, §11.16.2',
    () => {
      const { raw, read } = called(['ErrorRecoveryLevel=1'], recovering);
      read(1000);
      const { tag, expStatSn } = raw.expect('scsiCommand');
      raw.data(tag, pattern(1000), { final: 1, acknowledge: 1, transferTag: 99, lun: 0 });
      const ack = raw.expect('snack');
      assert.deepEqual([ack.type, ack.transferTag, ack.begin, ack.runLength], [SnackType.dataAck, 99, 1, 0]);
      assert.deepEqual([ack.tag, ack.expStatSn], [reservedTag, expStatSn]);
      raw.good(tag, { expDataSn: 1 });
    },
  ),
  check('11.1.1', 'no data-out is longer than the target takes', '§13.12', () => {
    const { raw, write } = called([
      'InitialR2T=No',
      'MaxRecvDataSegmentLength=512',
      'FirstBurstLength=65536',
    ]);
    write(8000);
    const { tag, data } = raw.expect('scsiCommand');
    const pdus = raw.sequence(tag);
    assert.ok([data, ...pdus.map((one) => one.data)].every(({ length }) => length <= 512));
    assert.equal(data.length + join(pdus).length, 8000);
  }),
  check('11.1.2', 'data-in without data is no error', '§11.7.7', () => {
    const { raw, read, connection } = called();
    const task = read(100);
    const { tag } = raw.expect('scsiCommand');
    raw.data(tag, pattern(0));
    raw.data(tag, pattern(100), { dataSn: 1, final: 1, hasStatus: 1 });
    assert.deepEqual([connection.ended, task.slot, task.dataInTransferred], [false, -1, 100]);
  }),
  check('11.2.1', 'F is set in the last unsolicited data-out only', '§11.7.1', () => {
    const { raw, write } = called([
      'InitialR2T=No',
      'MaxRecvDataSegmentLength=1024',
      'FirstBurstLength=4096',
    ]);
    write(10_000);
    const { tag, final } = raw.expect('scsiCommand');
    assert.equal(final, 0);
    const pdus = raw.sequence(tag);
    assert.deepEqual([pdus.length, pdus.at(-1)?.offset], [3, 3072]);
    raw.silence();
  }),
  check('11.2.2', 'F is set in the last data-out of an R2T only', '§11.7.1', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=8192']);
    write(131_072);
    assert.deepEqual(
      byR2t(raw, 131_072, 65_536).map(({ length }) => length),
      [8, 8],
    );
  }),
  check('11.3', 'DataSN counts the data-out of one R2T', '§11.7.5', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=1024']);
    write(8192);
    assert.deepEqual(
      byR2t(raw, 8192, 2048).map(({ length }) => length),
      [2, 2, 2, 2],
    );
  }),
  check('11.4', 'Buffer Offset goes up without gaps over all R2Ts', '§11.7.6', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=1024']);
    write(8192);
    const pdus = byR2t(raw, 8192, 2048).flat();
    assert.deepEqual(
      offsets(pdus),
      Array.from({ length: 8 }, (_, i) => i * 1024),
    );
    assert.deepEqual(join(pdus), Buffer.from(pattern(8192)));
  }),
  check('12.1', 'one data-out answers an R2T that it can: same tag, offset and length', '§11.8', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=4096']);
    write(4096);
    const [[one]] = byR2t(raw, 4096, 2048) as [[Heard<'dataOut'>]];
    assert.deepEqual([one.offset, one.data.length, one.final], [0, 2048, 1]);
  }),
  check('12.2', 'several data-out answer an R2T: adjoining, in order, within it', '§11.8', () => {
    const { raw, write } = called([...r2tOnly, 'MaxRecvDataSegmentLength=512']);
    write(8192);
    const [pdus = []] = byR2t(raw, 8192, 4096);
    assert.deepEqual(
      offsets(pdus),
      Array.from({ length: 8 }, (_, i) => i * 512),
    );
  }),
  check('12.3', 'R2Ts are answered in the order in which they came, whatever their offsets', '§11.8', () => {
    const keys = [
      ...r2tOnly,
      'MaxRecvDataSegmentLength=512',
      'MaxOutstandingR2T=4',
      'DataSequenceInOrder=No',
    ];
    const { raw, write } = called(keys, { wishes: { DataSequenceInOrder: false } });
    write(4096);
    const { tag } = raw.expect('scsiCommand');
    const order = [3072, 2048, 1024, 0];
    for (const [r2tSn, offset] of order.entries()) raw.ask(tag, { r2tSn, offset, desiredLength: 1024 });
    for (const offset of order) assert.deepEqual(offsets(raw.sequence(tag)), [offset, offset + 512]);
    raw.silence();
  }),
  check('12.4', 'R2Ts of two commands are answered in the order in which they came', '§11.8', () => {
    const { raw, write } = called(r2tOnly);
    write(512);
    write(512);
    const tags = [raw.expect('scsiCommand').tag, raw.expect('scsiCommand').tag].reverse();
    for (const tag of tags) raw.ask(tag, { desiredLength: 512 });
    for (const tag of tags) raw.sequence(tag);
    raw.silence();
  }),
];
