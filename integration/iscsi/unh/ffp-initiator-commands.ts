/** Full feature phase for initiators, group 16: commands, and what becomes of them. */

import assert from 'node:assert/strict';
import { AdditionalSense, SenseKey } from '../../../src/scsi/sense.ts';
import { decodeSense, encodeSense } from '../../../src/scsi/sense-data.ts';
import { Status } from '../../../src/scsi/status.ts';
import { RejectReason, SnackType } from '../../../src/transport/iscsi/opcodes.ts';
import type { Task } from '../../../src/transport/task.ts';
import { nopIn, reject } from './pdus.ts';
import { called, pattern } from './raw-target.ts';
import { type Check, check } from './suite.ts';

const recovering = { wishes: { ErrorRecoveryLevel: 1 } };
const { protocolServiceCrcError, writeErrorUnexpectedUnsolicitedData, writeErrorNotEnoughUnsolicitedData } =
  AdditionalSense;

/** The first command after a login, field by field. */
function firstCommand(keys: readonly string[]) {
  const { raw, write, submit } = called(keys);
  const before = raw.unnumbered();
  write(100);
  const command = raw.expect('scsiCommand');
  assert.deepEqual([command.cmdSn, command.expStatSn], [before.expCmdSn, before.statSn]);
  assert.deepEqual([command.write, command.read, command.expectedLength], [1, 0, 100]);
  assert.equal(command.cdb[0], 0x28);
  assert.ok(command.tag !== 1 && command.tag < 0x80000000, 'not the tag of the login');
  submit((task) => task.setCdb(pattern(20)));
  const long = raw.waiting.at(-1);
  assert.deepEqual(
    [long?.ahs.length, long?.ahs[1], long?.ahs[2]],
    [8, 5, 1], // AHSLength counts the reserved byte and four bytes of CDB; the type is "extended CDB"
  );
  return command;
}

/** A command that failed is not sent again by itself; when its owner sends it again it is a new one. */
function fails(status: Status, sense: number | undefined, keys: readonly string[] = []): void {
  const { raw, write, connection } = called(keys);
  const task = write(512);
  const first = raw.expect('scsiCommand');
  const data =
    sense === undefined
      ? undefined
      : withLength(encodeSense({ key: SenseKey.abortedCommand, code: sense as AdditionalSense }));
  raw.good(first.tag, { status }, data);
  assert.deepEqual([task.slot, task.status, task.fault], [-1, status, undefined]);
  const told = decodeSense(task.sense.subarray(0, task.senseLength));
  assert.equal(told?.code, sense);
  raw.silence();
  raw.open();
  connection.tasks?.submit(task);
  const again = raw.expect('scsiCommand');
  assert.equal(again.cmdSn, first.cmdSn + 1);
  assert.notEqual(again.tag, first.tag);
}

function withLength(sense: Uint8Array): Uint8Array {
  return Uint8Array.of(sense.length >>> 8, sense.length, ...sense);
}

export const commands: readonly Check[] = [
  check(
    '16.1.1',
    'ImmediateData=Yes: numbers, tag, lengths and CDB of a command; a long CDB in an AHS',
    '§11.3',
    () => {
      const { data, final } = firstCommand(['ImmediateData=Yes']);
      assert.deepEqual([data, final], [pattern(100), 1]);
    },
  ),
  check('16.1.2', 'ImmediateData=No: the same, and no data', '§11.3', () => {
    assert.equal(firstCommand(['ImmediateData=No', 'InitialR2T=Yes']).data.length, 0);
  }),
  check('16.2.1', 'all data immediate: F is set', '§11.3.1', () => {
    const { raw, write } = called(['ImmediateData=Yes', 'InitialR2T=Yes']);
    write(5000);
    const { data, final, expectedLength } = raw.expect('scsiCommand');
    assert.deepEqual([data.length, final, expectedLength], [5000, 1, 5000]);
    raw.silence();
  }),
  check(
    '16.2.2',
    'ImmediateData=No, InitialR2T=Yes: W, no data, F in the last data-out',
    '§11.3.1, §11.7.1',
    () => {
      const { raw, write } = called(['ImmediateData=No', 'InitialR2T=Yes', 'MaxRecvDataSegmentLength=512']);
      write(2048);
      const { tag, data, write: w, final } = raw.expect('scsiCommand');
      assert.deepEqual([data.length, w, final], [0, 1, 1]);
      raw.ask(tag, { desiredLength: 2048 });
      assert.equal(raw.sequence(tag).length, 4);
    },
  ),
  check('16.2.3', 'ImmediateData=No, InitialR2T=No: W, and no data in the command', '§11.3.1', () => {
    const { raw, write } = called(['ImmediateData=No', 'InitialR2T=No']);
    write(2048);
    const { tag, data, write: w, final } = raw.expect('scsiCommand');
    assert.deepEqual([data.length, w, final], [0, 1, 0]);
    raw.sequence(tag);
  }),
  check(
    '16.2.4',
    'ImmediateData=Yes, InitialR2T=No: no more than FirstBurstLength in all',
    '§11.3.1, §13.14',
    () => {
      const { raw, write } = called([
        'InitialR2T=No',
        'FirstBurstLength=1024',
        'MaxRecvDataSegmentLength=512',
      ]);
      write(4096);
      const { tag, data, final } = raw.expect('scsiCommand');
      assert.deepEqual([data.length, final], [512, 0]);
      const pdus = raw.sequence(tag);
      assert.equal(data.length + pdus.reduce((sum, one) => sum + one.data.length, 0), 1024);
      raw.silence();
    },
  ),
  check('16.3.1', 'InitialR2T=Yes: no data-out before the R2T, F in the last one', '§11.3.1, §11.7.1', () => {
    const { raw, write } = called(['ImmediateData=No', 'InitialR2T=Yes']);
    write(2048);
    const { tag } = raw.expect('scsiCommand');
    raw.silence();
    raw.ask(tag, { desiredLength: 2048 });
    assert.equal(raw.sequence(tag).at(-1)?.final, 1);
  }),
  check(
    '16.4.1',
    'CHECK CONDITION for a CRC error goes to the owner, whose second try is a new command',
    '§7.2.1, §7.8',
    () => fails(Status.checkCondition, protocolServiceCrcError),
  ),
  check(
    '16.4.2',
    'data that can not be had again is not taken for complete; a second try is a new command',
    '§7.8, §11.16',
    () => {
      const { raw, read, connection } = called(['ErrorRecoveryLevel=1'], recovering);
      const task: Task = read(3000);
      const first = raw.expect('scsiCommand');
      for (const dataSn of [0, 2]) raw.data(first.tag, pattern(1000), { dataSn, offset: 1000 * dataSn });
      const asked = raw.expect('snack');
      assert.equal(asked.type, SnackType.data);
      raw.good(first.tag, { expDataSn: 3 });
      raw.send(reject({ ...raw.numbered(), reason: RejectReason.snack }, asked.bytes));
      assert.deepEqual([task.slot, task.status], [-1, Status.checkCondition]);
      connection.tasks?.submit(task);
      assert.equal(raw.expect('scsiCommand').cmdSn, first.cmdSn + 1);
    },
  ),
  check('16.4.3', 'CHECK CONDITION for unexpected unsolicited data goes to the owner', '§11.4.7.2', () =>
    fails(Status.checkCondition, writeErrorUnexpectedUnsolicitedData, ['InitialR2T=No']),
  ),
  check('16.4.4', 'CHECK CONDITION for a wrong amount of data goes to the owner', '§11.4.7.2', () =>
    fails(Status.checkCondition, writeErrorNotEnoughUnsolicitedData, ['InitialR2T=No']),
  ),
  check('16.4.5', 'BUSY goes to the owner, whose second try is a new command', '§11.4.2', () =>
    fails(Status.busy, undefined),
  ),
  check(
    '16.4.6',
    'RESERVATION CONFLICT goes to the owner, whose second try is a new command',
    '§11.4.2',
    () => fails(Status.reservationConflict, undefined),
  ),
  check(
    '16.5',
    'a response that closes the window stops commands until a NOP-In opens it',
    '§4.2.2.1',
    () => {
      const { raw, write } = called(['ImmediateData=No', 'InitialR2T=Yes'], {}, 1);
      write(512);
      write(512);
      const { tag } = raw.expect('scsiCommand');
      raw.depth = 0;
      raw.ask(tag, { desiredLength: 512 });
      raw.sequence(tag);
      raw.good(tag);
      raw.silence();
      raw.depth = 1;
      raw.send(nopIn(raw.unnumbered()));
      raw.expect('scsiCommand');
    },
  ),
  check(
    '16.6',
    'more data than a first burst: only immediate data goes, and the rest waits for R2Ts',
    '§11.3.4, §13.14',
    () => {
      const { raw, write } = called(['ImmediateData=Yes', 'InitialR2T=Yes', 'FirstBurstLength=512']);
      write(512);
      assert.deepEqual([raw.expect('scsiCommand').final], [1]);
      write(2048);
      const { data, final, expectedLength } = raw.expect('scsiCommand');
      assert.deepEqual([data.length, final, expectedLength], [512, 1, 2048]);
      raw.silence();
    },
  ),
];
