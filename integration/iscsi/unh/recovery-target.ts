/** Error recovery for targets, at level 1: retry, SNACK. */

import assert from 'node:assert/strict';
import {
  ManagementFunction,
  RejectReason,
  reservedTag,
  SnackType,
} from '../../../src/transport/iscsi/opcodes.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { managementRequest, nopOut, scsiCommand, textRequest } from './pdus.ts';
import { bytes, cdb } from './raw-initiator.ts';
import {
  answersAgain,
  asks,
  plain,
  r2tOnly,
  recovering,
  refuses,
  unacknowledged,
  writing,
} from './recovery-sessions.ts';
import { type Check, check } from './suite.ts';
import { noReassignment, refusesReassignment } from './verdicts.ts';
export const retries: readonly Check[] = [
  check('1.1', 'a command that comes again, though it was received, is ignored', '§7.2.1', () => {
    const { raw } = recovering(...r2tOnly);
    const numbers = raw.numbered();
    const write = scsiCommand({
      ...numbers,
      write: 1,
      expectedLength: 512,
      cdb: cdb(0x2a, 0, 0, 0, 0, 0, 0, 0, 1),
    });
    raw.send(write);
    const r2t = raw.expect('readyToTransfer');
    raw.send(write);
    raw.silence();
    raw.answer(r2t, bytes(512));
    raw.ends(numbers.tag);
    raw.send(write);
    raw.silence();
  }),
  check(
    '1.2',
    'a command that comes again after a digest error is carried out, and those after it',
    '§7.2.1, §7.8',
    () => {
      const { raw } = recovering('DataDigest=CRC32C', 'InitialR2T=Yes');
      const [cmdSn, tag] = [raw.cmdSn, raw.write(1, {}, bytes(512), 'data')];
      assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
      const later = raw.command({});
      raw.silence();
      raw.write(1, { cmdSn, tag }, bytes(512));
      raw.cmdSn--;
      raw.ends(tag);
      raw.ends(later);
    },
  ),
  check('2.1', 'a write reassigned after a logout', '§7.2.2', refusesReassignment, noReassignment),
  check('2.2', 'a write reassigned without a logout', '§7.2.2', refusesReassignment, noReassignment),
  check('2.3', 'a read reassigned after a logout', '§7.2.2', refusesReassignment, noReassignment),
  check('2.4', 'a task reassigned after an implicit logout', '§7.2.2', refusesReassignment, noReassignment),
];

export const snacks: readonly Check[] = [
  check('3.1', 'an R2T comes again', '§11.16.1', () => {
    const { raw, tag, r2t } = writing();
    asks(raw, SnackType.data, { tag, begin: 0, runLength: 1 });
    const again = raw.expect('readyToTransfer');
    assert.deepEqual([again.r2tSn, again.transferTag, again.offset], [r2t.r2tSn, r2t.transferTag, 0]);
    raw.answer(again, bytes(2048));
    raw.ends(tag);
  }),
  check('3.2', 'one Data-In comes again', '§11.16.1', () => {
    const { raw, tag, pdus } = unacknowledged();
    asks(raw, SnackType.data, { tag, begin: 2, runLength: 1 });
    assert.deepEqual(plain([raw.expect('dataIn')]), plain(pdus.slice(2, 3)));
    raw.silence();
  }),
  check('3.3', 'a run of Data-In comes again, in order', '§11.16.1', () => {
    const { raw, tag, pdus } = unacknowledged();
    asks(raw, SnackType.data, { tag, begin: 1, runLength: 2 });
    assert.deepEqual(plain(raw.all('dataIn')), plain(pdus.slice(1, 3)));
  }),
  check('3.4', 'all Data-In comes again, with the status that the last one had', '§11.16.1', () => {
    const { raw, tag, pdus } = unacknowledged();
    asks(raw, SnackType.data, { tag, begin: 0, runLength: 0 });
    assert.deepEqual(plain(raw.all('dataIn')), plain(pdus));
  }),
  check('3.5', 'a SCSI Response comes again', '§11.16.1', () => {
    const { raw } = recovering();
    raw.acknowledges = false;
    const tag = raw.command({ cdb: cdb(0x1f) });
    const first = raw.expect('scsiResponse');
    asks(raw, SnackType.status, { begin: first.statSn, runLength: 1 });
    const again = raw.expect('scsiResponse');
    assert.deepEqual([again.tag, again.statSn, again.status, again.data], [tag, first.statSn, 2, first.data]);
  }),
  check('3.6', 'a NOP-In that answers a ping comes again', '§11.16.1', () =>
    answersAgain('nopIn', (raw) => raw.send(nopOut(raw.numbered(), bytes(20)))),
  ),
  check('3.7', 'a Text Response comes again', '§11.16.1', () =>
    answersAgain('textResponse', (raw) =>
      raw.send(textRequest(raw.numbered(), encodeText([['SendTargets', '']]))),
    ),
  ),
  check('3.8', 'a task management response comes again', '§11.16.1', () =>
    answersAgain('managementReply', (raw) =>
      raw.send(managementRequest({ ...raw.immediate(), function: ManagementFunction.abortTaskSet })),
    ),
  ),
  check(
    '3.9',
    'a status that was acknowledged can not be had again: protocol error',
    '§11.16, §11.17.1',
    () => {
      const { raw } = recovering();
      const { statSn } = raw.ends(raw.command({}));
      raw.ends(raw.command({}));
      refuses(raw, SnackType.status, { begin: statSn, runLength: 1 }, RejectReason.protocol);
      refuses(raw, SnackType.status, { begin: raw.expStatSn + 9, runLength: 1 }, RejectReason.protocol);
    },
  ),
  check(
    '3.10',
    'the A bit is set at the end of each burst but the last; what a DataACK names can not be had again',
    '§11.7.2, §11.16.2',
    () => {
      const { raw, tag, pdus } = unacknowledged('MaxBurstLength=2048');
      assert.deepEqual(
        pdus.map(({ acknowledge, final }) => [acknowledge, final]),
        [
          [0, 0],
          [1, 1],
          [0, 0],
          [0, 1],
        ],
      );
      const transferTag = Number(pdus[1]?.transferTag);
      assert.notEqual(transferTag, reservedTag);
      asks(raw, SnackType.dataAck, { transferTag, begin: 2, runLength: 0 });
      raw.silence();
      refuses(raw, SnackType.data, { tag, begin: 1, runLength: 1 }, RejectReason.protocol);
      asks(raw, SnackType.data, { tag, begin: 2, runLength: 1 });
      assert.equal(raw.expect('dataIn').dataSn, 2);
    },
  ),
  check('3.11', 'R-Data SNACK: all data without status, then a response with its tag', '§11.16.3', () => {
    const { raw, tag, pdus } = unacknowledged();
    asks(raw, SnackType.resegmented, { tag, transferTag: 0x1234 });
    const again = raw.all('dataIn');
    assert.deepEqual(
      again.map(({ data }) => data),
      pdus.map(({ data }) => data),
    );
    assert.ok(again.every(({ hasStatus }) => hasStatus === 0));
    assert.equal(raw.ends(tag).snackTag, 0x1234);
  }),
  check('3.12', 'a SNACK with a field that makes no sense: invalid PDU field', '§11.16, §11.17.1', () => {
    const { raw, tag } = unacknowledged();
    refuses(raw, SnackType.data, { tag, transferTag: 5 }, RejectReason.invalidField);
    refuses(raw, SnackType.status, { tag, begin: 0, runLength: 1 }, RejectReason.invalidField);
    refuses(raw, 9, { tag: reservedTag }, RejectReason.invalidField);
  }),
];
