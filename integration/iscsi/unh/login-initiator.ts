/** Login phase for initiators, groups 1 to 12: stages, serial numbers, what is said once, digests. */

import assert from 'node:assert/strict';
import { LoginError } from '../../../src/transport/iscsi/initiator-login.ts';
import { Stage } from '../../../src/transport/iscsi/opcodes.ts';
import { targetName } from '../../../src/transport/iscsi/testing-wire.ts';
import { answers, leaves, offers, settled } from './login-responses.ts';
import { nopIn } from './pdus.ts';
import { pairsOf } from './peer.ts';
import { called, caller, pattern } from './raw-target.ts';
import { type Check, check } from './suite.ts';
import { offersOneConnection, singleConnectionInitiator } from './verdicts.ts';

const bothDigests = { HeaderDigest: ['CRC32C', 'None'], DataDigest: ['CRC32C', 'None'] };

export const initiatorLogins: readonly Check[] = [
  check(
    '1.1',
    'a login: names, session type and AuthMethod first, then the offers, then commands',
    '§6.3, §11.12',
    () => {
      const { raw, read, told } = caller();
      const first = raw.admit();
      assert.deepEqual(pairsOf(first.data), [
        ['InitiatorName', 'iqn.2026-01.org.example:i'],
        ['TargetName', targetName],
        ['SessionType', 'Normal'],
        ['AuthMethod', 'None'],
      ]);
      assert.deepEqual(
        [first.currentStage, first.nextStage, first.transit],
        [Stage.security, Stage.operational, 1],
      );
      assert.deepEqual([first.immediate, first.versionMin, first.versionMax, first.continues], [1, 0, 0, 0]);
      const second = raw.agree([]);
      assert.deepEqual(
        [second.currentStage, second.nextStage, second.tag],
        [1, Stage.fullFeature, first.tag],
      );
      assert.ok(told.ready);
      read(8);
      raw.expect('scsiCommand');
    },
  ),
  check(
    '2.1',
    'TSIH is 0 in all requests of a new session; the ISID stays the same',
    '§11.12.5, §11.12.6',
    () => {
      const { raw } = caller();
      const [first, second] = [raw.admit(), raw.agree([])];
      assert.deepEqual([first.tsih, second.tsih], [0, 0]);
      assert.deepEqual(first.isid, second.isid);
    },
  ),
  check(
    '2.2',
    'a last response with TSIH 0',
    '§11.13.3',
    () => {
      const { raw, told } = caller();
      raw.admit();
      raw.reply([], { tsih: 0 });
      assert.ok(told.ready);
    },
    {
      deviation:
        'targets must not send that; an initiator of one connection has no use for the TSIH, and goes on',
    },
  ),
  check(
    '2.3',
    'a TSIH in the login of a second connection',
    '§6.3.1',
    offersOneConnection,
    singleConnectionInitiator,
  ),
  check('3.1', 'T leads to the next stage only when the target says T too', '§11.12.1', () => {
    const { raw, told } = caller();
    raw.reply(['AuthMethod=None'], { transit: 0, nextStage: 0 });
    const again = raw.admit();
    assert.deepEqual([again.currentStage, again.transit], [Stage.security, 1]);
    raw.agree([]);
    assert.ok(told.ready);
  }),
  check('3.2', 'a target that delays T is asked again, with no key said twice', '§11.12.1, §6.2', () => {
    const { raw, told } = caller();
    raw.admit();
    const offered = raw.reply([], { transit: 0, nextStage: 0 });
    assert.ok(offered.text.size > 3);
    for (let i = 0; i < 3; i++) assert.equal(raw.reply([], { transit: 0, nextStage: 0 }).data.length, 0);
    raw.reply([], { tsih: 1 });
    assert.ok(told.ready);
  }),
  check('4.1', 'a StatSN that begins at 0 is followed', '§4.2.2.2', () => {
    const { raw } = caller();
    raw.statSn = 0;
    raw.admit();
    assert.equal(raw.agree([]).expStatSn, 1);
  }),
  check('4.2', 'a StatSN that begins elsewhere is followed, over FFFFFFFFh too', '§4.2.2.2', () => {
    const { raw, read } = caller();
    raw.statSn = 0xffffffff;
    raw.admit();
    raw.statSn = 0;
    assert.equal(raw.agree([]).expStatSn, 0);
    read(0);
    assert.equal(raw.expect('scsiCommand').expStatSn, 1);
  }),
  check('5.1', 'ExpStatSN is one more than the last StatSN', '§11.12.9', () => {
    const { raw } = caller();
    raw.statSn = 0x12345678;
    raw.admit();
    assert.equal(raw.agree([]).expStatSn, 0x12345679);
  }),
  check('6.1', 'no key is said twice in a login', '§6.2', () => {
    const { raw } = caller();
    const said = [...pairsOf(raw.admit().data), ...pairsOf(raw.agree([]).data)].map(([key]) => key);
    assert.equal(new Set(said).size, said.length);
  }),
  check('6.2', 'a target that answers ImmediateData in two responses ends the login', '§6.2', () => {
    const { raw, told } = caller();
    raw.admit();
    raw.reply(['ImmediateData=Yes'], { transit: 0, nextStage: 0 });
    raw.reply(['ImmediateData=No'], { tsih: 1 });
    assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
  }),
  check('6.3', 'a target that answers ImmediateData twice in one response ends the login', '§6.2', () => {
    const { raw, told } = caller();
    raw.admit();
    raw.reply(['ImmediateData=Yes', 'ImmediateData=No'], { tsih: 1 });
    assert.deepEqual([told.ready, told.over instanceof Error], [false, true]);
  }),
  check('7.1', 'what the target offers is answered', '§6.2', () => {
    answers('OFMarker=Yes', 'No');
    answers('X-org.example.key=1', 'NotUnderstood');
  }),
  check('7.2', 'a list that the target offers is answered with a value of it', '§6.2.1', () => {
    answers('TaskReporting=RFC3720', 'Irrelevant');
    const { raw } = caller({ target: undefined, wishes: { HeaderDigest: ['None'] } });
    raw.admit();
    const said = raw.reply([], { transit: 0, nextStage: 0 });
    assert.equal(said.text.get('HeaderDigest') ?? 'None', 'None');
  }),
  check('7.3', 'an AuthMethod that was not offered ends the login', '§12.1', () => {
    const { raw, told } = caller();
    raw.reply(['AuthMethod=CHAP']);
    assert.ok(told.over instanceof LoginError);
  }),
  check(
    '7.4',
    'a FirstBurstLength higher than offered, or out of range, ends the login',
    '§6.2.2, §13.14',
    () => {
      for (const value of ['16777216', '511', '262145']) leaves([`FirstBurstLength=${value}`]);
    },
  ),
  check('7.5', 'an ImmediateData that is neither Yes nor No ends the login', '§6.2.2', () => {
    for (const value of ['yes', 'Maybe', '1']) leaves([`ImmediateData=${value}`]);
  }),
  check('7.6', 'keys answered NotUnderstood, Reject or Irrelevant keep their defaults', '§6.2', () => {
    const { InitialR2T, MaxBurstLength, ErrorRecoveryLevel } = settled(
      ['InitialR2T=NotUnderstood', 'MaxBurstLength=Reject', 'ErrorRecoveryLevel=Irrelevant'],
      { ErrorRecoveryLevel: 1 },
    );
    assert.deepEqual([InitialR2T, MaxBurstLength, ErrorRecoveryLevel], [true, 262144, 0]);
  }),
  check('8.1', 'anything but a login response ends the login', '§6.3', () => {
    const { raw, told } = caller();
    raw.expect('loginRequest');
    raw.send(nopIn(raw.unnumbered()));
    raw.closed();
    assert.ok(told.over instanceof Error);
  }),
  check('9.1', 'digests are offered as wished', '§13.1', () => {
    assert.equal(offers(bothDigests).get('HeaderDigest'), 'CRC32C,None');
    assert.equal(offers({ DataDigest: ['None', 'CRC32C'] }).get('DataDigest'), 'None,CRC32C');
  }),
  check('9.2', 'a digest that was not offered ends the login', '§6.2.1, §13.1', () => {
    leaves(['HeaderDigest=CRC64']);
    leaves(['DataDigest=CRC32C,None']);
  }),
  check('9.3', 'CRC32C digests are sent and checked from full feature phase on', '§13.1', () => {
    const { raw, write, told } = called(['HeaderDigest=CRC32C', 'DataDigest=CRC32C'], {
      wishes: bothDigests,
    });
    write(100);
    const { tag, data } = raw.expect('scsiCommand');
    assert.deepEqual(data, pattern(100));
    raw.good(tag);
    raw.send(nopIn(raw.unnumbered()), 'header');
    assert.ok(told.over instanceof Error, 'a wrong header digest ends the session');
  }),
  check(
    '10.1',
    'MaxConnections=1 is offered or left at its default, which is 1',
    '§13.2',
    offersOneConnection,
  ),
  check('11.1', 'InitiatorName and TargetName come with the first request', '§13.4, §13.5', () => {
    const { text } = caller().raw.expect('loginRequest');
    assert.deepEqual(
      [text.get('InitiatorName'), text.get('TargetName')],
      ['iqn.2026-01.org.example:i', targetName],
    );
  }),
  check('12.1', 'markers are not offered, and declined', '§13.25', () => {
    assert.ok(![...offers().keys()].some((key) => /Mark/.test(key)));
    answers('IFMarker=Yes', 'No');
    answers('OFMarkInt=2048', 'Reject');
  }),
];
