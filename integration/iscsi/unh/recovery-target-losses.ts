/** Error recovery for targets, at level 1: dropped PDUs, digest errors. */

import assert from 'node:assert/strict';
import { RejectReason, reservedTag } from '../../../src/transport/iscsi/opcodes.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { dataOut, nopOut, scsiCommand, textRequest } from './pdus.ts';
import { bytes } from './raw-initiator.ts';
import { recovering, renewed, writing } from './recovery-sessions.ts';
import { type Check, check } from './suite.ts';

export const losses: readonly Check[] = [
  check('4.1', 'a command is lost: those after it wait until it has come', '§4.2.2.1, §7.9', () => {
    const { raw } = recovering();
    const lost = raw.cmdSn++;
    const [second, third] = [raw.command({}), raw.command({})];
    raw.silence();
    const first = raw.command({ cmdSn: lost });
    for (const tag of [first, second, third]) raw.ends(tag);
  }),
  check('4.2', 'data-out is lost: the rest of the burst is asked for by a recovery R2T', '§7.9', () => {
    const { raw, r2t, part } = writing();
    for (const dataSn of [0, 2, 3]) part(dataSn);
    renewed(raw, r2t, 512);
  }),
  check('4.3', 'the last data-out is lost: after a silence the rest is asked for', '§7.9', () => {
    const { raw, r2t, part, lab, connection } = writing();
    for (const dataSn of [0, 1, 2]) part(dataSn);
    lab.clock.advance(5_001);
    connection.tick();
    renewed(raw, r2t, 1536);
  }),
  check('4.4', 'an R2T is lost: after a silence it comes again', '§7.9', () => {
    const { raw, r2t, tag, lab, connection } = writing();
    lab.clock.advance(5_001);
    connection.tick();
    const again = raw.all('readyToTransfer').at(-1);
    assert.deepEqual([again?.r2tSn, again?.transferTag], [r2t.r2tSn, r2t.transferTag]);
    raw.answer(r2t, bytes(2048));
    raw.ends(tag);
  }),
  check('4.5', 'unsolicited data-out is lost: what is missing is asked for by R2T', '§7.9', () => {
    const { raw } = recovering('ImmediateData=No', 'InitialR2T=No', 'FirstBurstLength=1024');
    const tag = raw.write(2, { final: 0 });
    raw.send(dataOut({ tag, dataSn: 1, offset: 512, final: 1 }, bytes(512)));
    const r2t = raw.expect('readyToTransfer');
    assert.deepEqual([r2t.offset, r2t.desiredLength], [0, 1024]);
    raw.answer(r2t, bytes(1024));
    raw.ends(tag);
  }),
  check('4.6', 'a response may be lost: the target asks for the initiator’s numbers', '§7.1.4', () => {
    const { raw, lab, connection } = recovering();
    raw.acknowledges = false;
    raw.ends(raw.command({}));
    lab.clock.advance(3_001);
    connection.tick();
    const ping = raw.expect('nopIn');
    assert.deepEqual([ping.tag, ping.transferTag === reservedTag], [reservedTag, false]);
  }),
  check('5.1', 'a Data-Out with a wrong digest is rejected, and the rest asked for anew', '§7.8', () => {
    const { raw, r2t, part } = writing('DataDigest=CRC32C');
    part(0);
    part(1, 'data');
    assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
    for (const dataSn of [2, 3]) part(dataSn);
    renewed(raw, r2t, 512);
  }),
  check('5.2', 'the last Data-Out with a wrong digest is rejected, and asked for anew', '§7.8', () => {
    const { raw, r2t, part } = writing('DataDigest=CRC32C');
    for (const dataSn of [0, 1, 2]) part(dataSn);
    part(3, 'data');
    assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
    renewed(raw, r2t, 1536);
  }),
  check(
    '5.3',
    'an unsolicited Data-Out with a wrong digest is rejected, and asked for by R2T',
    '§7.8',
    () => {
      const { raw } = recovering(
        'DataDigest=CRC32C',
        'ImmediateData=No',
        'InitialR2T=No',
        'FirstBurstLength=1024',
      );
      const tag = raw.write(2, { final: 0 });
      raw.send(dataOut({ tag, final: 1 }, bytes(1024)), 'data');
      assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
      raw.answer(raw.expect('readyToTransfer'), bytes(1024));
      raw.ends(tag);
    },
  ),
  check(
    '5.4',
    'a text request and a ping with wrong digests are rejected, and answered when they come again',
    '§7.8',
    () => {
      const { raw } = recovering('DataDigest=CRC32C');
      const requests = [
        [textRequest(raw.numbered(), encodeText([['SendTargets', '']])), 'textResponse'],
        [nopOut(raw.numbered(), bytes(40)), 'nopIn'],
      ] as const;
      for (const [request, answer] of requests) {
        raw.send(request, 'data');
        assert.equal(raw.expect('reject').reason, RejectReason.dataDigest);
        raw.send(request);
        raw.expect(answer);
      }
    },
  ),
  check('5.5', 'a wrong header digest ends the connection', '§7.8', () => {
    const { raw } = recovering('HeaderDigest=CRC32C');
    raw.send(scsiCommand(raw.numbered()), 'header');
    raw.closed();
  }),
];
