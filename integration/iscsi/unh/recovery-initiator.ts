/** Error recovery for initiators, at level 1: retry, SNACK, dropped PDUs, digest errors. */

import assert from 'node:assert/strict';
import { TaskManagement } from '../../../src/scsi/command.ts';
import { Status } from '../../../src/scsi/status.ts';
import { RejectReason, reservedTag, SnackType } from '../../../src/transport/iscsi/opcodes.ts';
import { asyncMessage, dataIn, managementReply, nopIn, reject, scsiResponse } from './pdus.ts';
import type { Heard } from './peer.ts';
import { called, pattern } from './raw-target.ts';
import { type Check, check } from './suite.ts';

const digests = { HeaderDigest: ['CRC32C', 'None'], DataDigest: ['CRC32C', 'None'] };

/** A session at level 1, and time that passes. */
function recovering(...keys: string[]) {
  const digest = keys.some((key) => key.includes('CRC32C'));
  const wishes = { ErrorRecoveryLevel: 1, ...(digest ? digests : {}) };
  const all = called(['ErrorRecoveryLevel=1', ...keys], { wishes });
  assert.equal(all.connection.settings.ErrorRecoveryLevel, 1);
  const wait = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      all.lab.clock.advance(1_000);
      all.connection.tick();
    }
  };
  return { ...all, wait };
}

/** A read of so many PDUs of 1000 bytes; `part` sends one of them. */
function reading(count: number, ...keys: string[]) {
  const all = recovering(...keys);
  const task = all.read(1000 * count);
  const { tag, expStatSn } = all.raw.expect('scsiCommand');
  const whole = pattern(1000 * count);
  const part = (dataSn: number, damage?: 'data') => {
    const offset = 1000 * dataSn;
    const values = { tag, dataSn, offset, final: dataSn === count - 1 ? 1 : 0 };
    all.raw.send(
      dataIn({ ...all.raw.unnumbered(), statSn: 0, ...values }, whole.slice(offset, offset + 1000)),
      damage,
    );
  };
  const complete = () => {
    assert.deepEqual([task.slot, task.status, task.dataInTransferred], [-1, Status.good, 1000 * count]);
    assert.deepEqual(task.dataIn, whole);
  };
  return { ...all, task, tag, expStatSn, part, complete };
}

function isSnack(asked: Heard<'snack'>, type: number, tag: number, begin: number, runLength: number): void {
  assert.deepEqual(
    [asked.type, asked.tag, asked.transferTag, asked.begin, asked.runLength],
    [type, tag, reservedTag, begin, runLength],
  );
}

export const initiatorRecoveries: readonly Check[] = [
  check('1.1', 'a command that is rejected for its digest is sent again, the same', '§7.2.1, §7.8', () => {
    const { raw, write } = recovering();
    write(512);
    const first = raw.expect('scsiCommand');
    raw.expCmdSn--;
    raw.send(reject({ ...raw.numbered(), reason: RejectReason.dataDigest }, first.bytes));
    const again = raw.expect('scsiCommand');
    const fields = ({ tag, cmdSn, lun, cdb, write: w, expectedLength, data }: Heard<'scsiCommand'>) => ({
      tag,
      cmdSn,
      lun,
      cdb,
      w,
      expectedLength,
      data,
    });
    assert.deepEqual(fields(again), fields(first));
  }),
  check('1.2', 'a command that ExpCmdSN does not acknowledge is sent again after a while', '§7.2.1', () => {
    const { raw, read, wait } = recovering();
    read(8);
    const { tag } = raw.expect('scsiCommand');
    raw.expCmdSn--;
    wait(6);
    assert.ok(raw.kinds.includes('scsiCommand'));
    while (raw.kinds[0] !== 'scsiCommand') raw.expect('nopOut');
    assert.equal(raw.expect('scsiCommand').tag, tag);
  }),
  check('3.1', 'a missing R2T is asked for, and those after it are answered', '§11.16', () => {
    const { raw, write } = recovering('ImmediateData=No', 'InitialR2T=Yes');
    write(1024);
    const { tag } = raw.expect('scsiCommand');
    raw.ask(tag, { r2tSn: 1, offset: 512, desiredLength: 512 });
    const sent = raw.kinds.map(String);
    assert.deepEqual([...sent].sort(), ['dataOut', 'snack']);
    if (sent[0] === 'dataOut') raw.sequence(tag);
    isSnack(raw.expect('snack'), SnackType.data, tag, 0, 1);
    if (sent[0] === 'snack') raw.sequence(tag);
    raw.ask(tag, { r2tSn: 0, offset: 0, desiredLength: 512 });
    assert.equal(raw.sequence(tag)[0]?.offset, 0);
  }),
  check('3.2', 'one missing Data-In is asked for', '§11.16', () => {
    const { raw, part, complete, tag } = reading(3);
    part(0);
    part(2);
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 1);
    part(1);
    raw.good(tag, { expDataSn: 3 });
    complete();
  }),
  check('3.3', 'a run of missing Data-In is asked for at once', '§11.16', () => {
    const { raw, part, complete, tag } = reading(5);
    part(0);
    part(4);
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 3);
    for (const dataSn of [1, 2, 3]) part(dataSn);
    raw.good(tag, { expDataSn: 5 });
    complete();
  }),
  check(
    '3.4',
    'a status before its data: all of it is asked for, and the status not acknowledged',
    '§11.4.8, §11.16',
    () => {
      const { raw, part, complete, tag, expStatSn, read } = reading(2);
      raw.good(tag, { expDataSn: 2 });
      const asked = raw.expect('snack');
      isSnack(asked, SnackType.data, tag, 0, 2);
      assert.equal(asked.expStatSn, expStatSn);
      part(0);
      part(1);
      complete();
      read(0);
      assert.equal(raw.expect('scsiCommand').expStatSn, expStatSn + 1);
    },
  ),
  check('3.5', 'a missing status is asked for when the next one comes', '§7.9, §11.16', () => {
    const { raw, read } = recovering();
    const [first, second] = [read(0), read(0)];
    const tags = [raw.expect('scsiCommand').tag, raw.expect('scsiCommand').tag] as const;
    const lost = raw.numbered();
    raw.good(tags[1]);
    isSnack(raw.expect('snack'), SnackType.status, reservedTag, lost.statSn, 1);
    assert.deepEqual([first.slot >= 0, second.slot], [true, -1]);
    raw.send(scsiResponse({ ...lost, tag: tags[0] }));
    assert.equal(first.slot, -1);
  }),
  check('3.6', 'what comes twice is taken once', '§7.9', () => {
    const { raw, part, complete, tag, read } = reading(2);
    for (const dataSn of [0, 0, 1]) part(dataSn);
    const numbers = raw.numbered();
    for (let i = 0; i < 2; i++) raw.send(scsiResponse({ ...numbers, tag, expDataSn: 2 }));
    complete();
    raw.open();
    read(0);
    assert.equal(raw.expect('scsiCommand').expStatSn, numbers.statSn + 1);
  }),
  check('3.7', 'a status that can not be had ends the session', '§7.9, §7.1.4', () => {
    const { raw, read, told } = recovering();
    read(0);
    read(0);
    raw.expect('scsiCommand');
    const { tag } = raw.expect('scsiCommand');
    raw.numbered();
    raw.good(tag);
    const asked = raw.expect('snack');
    raw.send(reject({ ...raw.numbered(), reason: RejectReason.protocol }, asked.bytes));
    assert.ok(told.over instanceof Error);
  }),
  check('3.8', 'the A bit is answered only when nothing before it is missing', '§11.16.2', () => {
    const { raw, read } = recovering();
    read(3000);
    const { tag } = raw.expect('scsiCommand');
    raw.data(tag, pattern(1000));
    raw.data(tag, pattern(1000), { dataSn: 2, offset: 2000, final: 1, acknowledge: 1, transferTag: 7 });
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 1);
    raw.silence();
    raw.data(tag, pattern(1000), { dataSn: 1, offset: 1000 });
    const ack = raw.expect('snack');
    assert.deepEqual([ack.type, ack.transferTag, ack.begin], [SnackType.dataAck, 7, 3]);
  }),
  check('4.1', 'the last response is lost: a ping finds out, and it is asked for', '§7.9', () => {
    const { raw, read, wait } = recovering();
    const task = read(0);
    const { tag } = raw.expect('scsiCommand');
    const lost = raw.numbered();
    wait(6);
    raw.all('scsiCommand'); // sent again, as nothing acknowledges it; the target ignores that
    const ping = raw.expect('nopOut');
    raw.send(nopIn({ ...raw.numbered(), tag: ping.tag }));
    isSnack(raw.expect('snack'), SnackType.status, reservedTag, lost.statSn, 1);
    raw.send(scsiResponse({ ...lost, tag }));
    assert.equal(task.slot, -1);
  }),
  check('4.2', 'a SNACK is lost: after a while it comes again', '§7.9', () => {
    const { raw, part, tag, wait } = reading(3);
    part(0);
    part(2);
    raw.expect('snack');
    wait(7);
    raw.all('nopOut');
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 1);
  }),
  check('4.3', 'a task management request is not answered: it is sent again', '§7.9', () => {
    const { raw, read, connection, wait } = recovering();
    const task = read(8);
    const { tag } = raw.expect('scsiCommand');
    raw.send(nopIn(raw.unnumbered()));
    connection.manage(TaskManagement.abortTask, 0, task).catch(() => undefined);
    raw.expect('managementRequest');
    wait(12);
    raw.all('nopOut');
    const again = raw.expect('managementRequest');
    assert.equal(again.referencedTag, tag);
    raw.send(managementReply({ ...raw.numbered(), tag: again.tag }));
    assert.equal(task.fault, 'aborted');
  }),
  check('4.4', 'a target that never answers ends the session in the end', '§7.1.4', () => {
    const { raw, part, told, wait } = reading(3);
    part(0);
    part(2);
    raw.expect('snack');
    wait(120);
    assert.ok(told.over instanceof Error);
  }),
  check('5.1', 'a Data-In with a wrong digest is asked for', '§7.8', () => {
    const { raw, part, complete, tag } = reading(3, 'DataDigest=CRC32C');
    part(0);
    part(1, 'data');
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 1);
    part(1);
    part(2);
    raw.good(tag, { expDataSn: 3 });
    complete();
  }),
  check('5.2', 'the last Data-In, with a wrong digest, is asked for', '§7.8', () => {
    const { raw, part, complete, tag } = reading(2, 'DataDigest=CRC32C');
    part(0);
    part(1, 'data');
    isSnack(raw.expect('snack'), SnackType.data, tag, 1, 1);
    part(1);
    raw.good(tag, { expDataSn: 2 });
    complete();
  }),
  check('5.3', 'a response with a wrong digest in its sense data is asked for', '§7.8', () => {
    const { raw, read } = recovering('DataDigest=CRC32C');
    const task = read(0);
    const { tag } = raw.expect('scsiCommand');
    const response = scsiResponse({ ...raw.numbered(), tag, status: 2 }, Uint8Array.of(0, 2, 0x72, 0x0b));
    raw.send(response, 'data');
    assert.ok(task.slot >= 0);
    const ping = raw.expect('nopOut');
    raw.send(nopIn({ ...raw.numbered(), tag: ping.tag }));
    assert.equal(raw.expect('snack').type, SnackType.status);
    raw.send(response);
    assert.deepEqual([task.slot, task.status], [-1, Status.checkCondition]);
  }),
  check('5.4', 'a wrong header digest ends the session', '§7.8', () => {
    const { raw, told } = recovering('HeaderDigest=CRC32C');
    raw.send(asyncMessage(raw.numbered()), 'header');
    assert.ok(told.over instanceof Error);
  }),
  check('5.5', 'a Reject of a Data-Out does not end its task: the target asks again', '§7.3, §7.8', () => {
    const { raw, write } = recovering('ImmediateData=No', 'InitialR2T=Yes');
    const task = write(512);
    const { tag } = raw.expect('scsiCommand');
    raw.ask(tag, { desiredLength: 512 });
    const [sent] = raw.sequence(tag);
    raw.send(reject({ ...raw.numbered(), reason: RejectReason.dataDigest }, sent?.bytes));
    raw.ask(tag, { r2tSn: 1, transferTag: 2, desiredLength: 512 });
    assert.equal(raw.sequence(tag)[0]?.transferTag, 2);
    raw.good(tag);
    assert.deepEqual([task.slot, task.fault], [-1, undefined]);
  }),
];
