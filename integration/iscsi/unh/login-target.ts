/** Login phase for targets, by the groups of the public suite for initiators. */

import assert from 'node:assert/strict';
import { LoginStatus, RejectReason, Stage } from '../../../src/transport/iscsi/opcodes.ts';
import { targetName } from '../../../src/transport/iscsi/testing-wire.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { answered, refused, toFull, toOperational, visitor } from './login-requests.ts';
import { nopOut } from './pdus.ts';
import { bytes, discovery, initiatorName, session } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';
import { refusesSecondConnection, singleConnection } from './verdicts.ts';

const { initiatorError, missingParameter, notFound, noSuchSession, authenticationFailure } = LoginStatus;
const digests = { wishes: { HeaderDigest: ['CRC32C', 'None'], DataDigest: ['CRC32C', 'None'] } };

export const logins: readonly Check[] = [
  check(
    '1.1',
    'a login over both stages reaches full feature phase, and commands are served',
    '§6, §11.13',
    () => {
      const { say, raw } = visitor();
      const first = say(['AuthMethod=None', 'SessionType=Normal'], toOperational);
      assert.deepEqual(
        [first.status, first.transit, first.currentStage, first.nextStage, first.versionActive],
        [0, 1, Stage.security, Stage.operational, 0],
      );
      assert.equal(first.text.get('AuthMethod'), 'None');
      assert.equal(first.text.get('TargetPortalGroupTag'), '1');
      const second = say([], toFull);
      assert.deepEqual([second.transit, second.nextStage, second.tag], [1, Stage.fullFeature, 1]);
      raw.ends(raw.command({}));
    },
  ),
  check('2.1', 'TSIH is 0 until the last response, which has one of its own', '§11.13.3', () => {
    const { say } = visitor();
    assert.equal(say(['AuthMethod=None'], toOperational).tsih, 0);
    assert.notEqual(say([], toFull).tsih, 0);
  }),
  check('2.2', 'a TSIH of a session that there is not: "session does not exist"', '§11.13.5', () =>
    refused([], noSuchSession, { tsih: 77 }),
  ),
  check(
    '2.3',
    'a second connection, with the TSIH of the first',
    '§6.3.1',
    refusesSecondConnection,
    singleConnection,
  ),
  check('3.1', 'T is answered by T, and leads to the stage that was asked for', '§11.12.1, §11.13.1', () => {
    const { say } = visitor();
    const { transit, nextStage } = say(['AuthMethod=None'], { transit: 1, nextStage: Stage.fullFeature });
    assert.deepEqual([transit, nextStage], [1, Stage.fullFeature]);
  }),
  check('3.2', 'as long as T does not come, the target waits in its stage', '§11.12.1', () => {
    const { say } = visitor();
    const stay = { currentStage: Stage.operational };
    for (let i = 0; i < 3; i++) assert.deepEqual(say([], stay).transit, 0);
    assert.equal(say([], toFull).transit, 1);
  }),
  check('4.1', 'StatSN goes up by one with every login response, and on', '§4.2.2.2, §11.13.4', () => {
    const { say, raw } = visitor();
    const stay = { currentStage: Stage.operational };
    const counted = [say([], stay).statSn, say([], stay).statSn, say([], toFull).statSn];
    counted.push(raw.ends(raw.command({})).statSn);
    assert.deepEqual(
      counted,
      counted.map((_, i) => Number(counted[0]) + i),
    );
  }),
  check('4.2', 'StatSN wraps around from FFFFFFFFh to 0', '§4.2.2.2', () => {
    const { say } = visitor();
    const stay = { currentStage: Stage.operational };
    assert.equal(say([], { ...stay, expStatSn: 0xffffffff }).statSn, 0xffffffff);
    assert.equal(say([], toFull).statSn, 0);
  }),
  check('5.1', 'login requests use up no CmdSN: ExpCmdSN is theirs', '§4.2.2.1, §11.12.8', () => {
    const { say } = visitor();
    for (const values of [{ currentStage: Stage.operational }, toFull]) {
      const { expCmdSn, maxCmdSn } = say([], { ...values, cmdSn: 0x7fff0000 });
      assert.deepEqual([expCmdSn, maxCmdSn >= expCmdSn], [0x7fff0000, true]);
    }
  }),
  check('6.1', 'a key that comes again in another request ends the login', '§6.2', () => {
    const { say, raw } = visitor();
    say(['MaxBurstLength=4096'], { currentStage: Stage.operational });
    assert.equal(say(['MaxBurstLength=8192'], toFull).status, initiatorError);
    raw.closed();
  }),
  check('6.2', 'ImmediateData, again in another request, ends the login', '§6.2', () => {
    const { say } = visitor();
    say(['ImmediateData=No'], { currentStage: Stage.operational });
    assert.equal(say(['ImmediateData=No'], toFull).status, initiatorError);
  }),
  check('6.3', 'ImmediateData twice in one request ends the login', '§6.2', () =>
    refused(['ImmediateData=No', 'ImmediateData=Yes'], initiatorError),
  ),
  check('7.1', 'every key that is offered is answered, and none that is declared', '§6.2', () => {
    const offers = ['InitialR2T=Yes', 'ImmediateData=Yes', 'MaxBurstLength=4096', 'ErrorRecoveryLevel=0'];
    const { text } = visitor().say([...offers, 'InitiatorAlias=me', 'MaxRecvDataSegmentLength=4096'], toFull);
    for (const offer of offers) assert.ok(text.has(String(offer.split('=')[0])), offer);
    assert.ok(!text.has('InitiatorAlias'));
    assert.notEqual(text.get('MaxRecvDataSegmentLength'), '4096', 'that is the target’s own');
  }),
  check('7.2', 'of a list the first value that the target has too is chosen', '§6.2.1', () => {
    assert.equal(answered('HeaderDigest=CRC64,CRC32C,None'), 'CRC32C');
    assert.equal(answered('HeaderDigest=None,CRC32C', digests), 'None');
    assert.equal(answered('HeaderDigest=CRC64,X-y'), 'Reject');
  }),
  check('7.3', 'no authentication method in common ends the login', '§11.13.5, §12.1', () => {
    assert.equal(visitor().say(['AuthMethod=KRB5'], toOperational).status, authenticationFailure);
  }),
  check('7.4', 'a FirstBurstLength that is out of range is answered Reject', '§6.2.2, §13.14', () => {
    assert.equal(answered('FirstBurstLength=16777216'), 'Reject');
    assert.equal(answered('FirstBurstLength=511'), 'Reject');
  }),
  check('7.5', 'an ImmediateData that is neither Yes nor No is answered Reject', '§6.2.2', () => {
    for (const value of ['yes', '1', 'Maybe', '']) assert.equal(answered(`ImmediateData=${value}`), 'Reject');
  }),
  check('7.6', 'a key that is not known is answered NotUnderstood', '§6.2', () => {
    assert.equal(answered('X-org.example.key=5'), 'NotUnderstood');
  }),
  check(
    '8.1',
    'anything but a login request, while there is no session, ends the connection',
    '§6.3, §8.1',
    () => {
      const { raw, lab } = visitor();
      raw.send(nopOut(raw.immediate()));
      raw.closed();
      assert.equal(lab.node.counters.droppedConnections, 1);
    },
  ),
  check('9.1', 'digests that the initiator offers are answered', '§13.1', () => {
    for (const key of ['HeaderDigest', 'DataDigest'])
      for (const value of ['None', 'CRC32C']) assert.equal(answered(`${key}=${value}`), value);
  }),
  check('9.2', 'digests that are not agreed on are not used', '§13.1', () => {
    session(['HeaderDigest=None', 'DataDigest=None'], digests).raw.greet();
    session([], digests).raw.greet();
  }),
  check('9.3', 'CRC32C digests are used from the first PDU of full feature phase on', '§13.1', () => {
    for (const keys of [
      ['HeaderDigest=CRC32C'],
      ['DataDigest=CRC32C'],
      ['HeaderDigest=CRC32C', 'DataDigest=CRC32C'],
    ]) {
      const { raw } = session(keys);
      raw.greet();
      raw.wholeWrite(2);
    }
  }),
  check('10.1', 'MaxConnections: the lower number, which is 1', '§13.2', () => {
    for (const offered of [1, 2, 65535]) assert.equal(answered(`MaxConnections=${offered}`), '1');
    assert.equal(answered('MaxConnections=0'), 'Reject');
  }),
  check(
    '11.1',
    'names are there, known, and not too long; upper case is the same name',
    '§6.3, §13.4, §13.5',
    () => {
      const status = (pairs: readonly (readonly [string, string])[]) =>
        visitor().bytes(encodeText(pairs), toFull).status;
      assert.equal(status([['TargetName', targetName]]), missingParameter);
      assert.equal(status([['InitiatorName', initiatorName]]), missingParameter);
      assert.equal(
        status([
          ['InitiatorName', initiatorName],
          ['TargetName', `${targetName}x`],
        ]),
        notFound,
      );
      assert.equal(
        status([
          ['InitiatorName', `iqn.2026-01.${'x'.repeat(224)}`],
          ['TargetName', targetName],
        ]),
        initiatorError,
      );
      assert.equal(
        status([
          ['InitiatorName', initiatorName],
          ['TargetName', targetName.toUpperCase()],
        ]),
        0,
      );
    },
  ),
  check('12.1', 'markers are declined', '§13.25', () => {
    assert.equal(answered('IFMarker=Yes'), 'No');
    assert.equal(answered('OFMarker=No'), 'No');
    assert.equal(answered('IFMarkInt=2048~8192'), 'Reject');
  }),
  check('13.1', 'InitialR2T is Yes if one side wants it, ImmediateData if both do', '§13.10, §13.11', () => {
    for (const ours of [true, false]) {
      const wishes = { wishes: { InitialR2T: ours, ImmediateData: ours } };
      for (const theirs of ['Yes', 'No']) {
        assert.equal(answered(`InitialR2T=${theirs}`, wishes), ours || theirs === 'Yes' ? 'Yes' : 'No');
        assert.equal(answered(`ImmediateData=${theirs}`, wishes), ours && theirs === 'Yes' ? 'Yes' : 'No');
      }
    }
  }),
  check('13.2', 'DataPDUInOrder and DataSequenceInOrder are Yes', '§13.18, §13.19', () => {
    for (const key of ['DataPDUInOrder', 'DataSequenceInOrder'])
      for (const value of ['Yes', 'No']) assert.equal(answered(`${key}=${value}`), 'Yes');
  }),
  check('13.3', 'after a value that is rejected, the default holds', '§6.2', () => {
    const { raw, login, connection } = session(['InitialR2T=Perhaps']);
    assert.equal(login.text.get('InitialR2T'), 'Reject');
    raw.write(1, { final: 0 });
    raw.silence();
    assert.equal(connection.session?.settings.InitialR2T, true);
  }),
  check(
    '14.1',
    'MaxRecvDataSegmentLength is declared in both directions, and must be 512 at least',
    '§13.12',
    () => {
      const { text } = visitor().say(['MaxRecvDataSegmentLength=512'], toFull);
      assert.ok(Number(text.get('MaxRecvDataSegmentLength')) >= 512);
      refused(['MaxRecvDataSegmentLength=511'], initiatorError);
      refused(['MaxRecvDataSegmentLength=16777216'], initiatorError);
    },
  ),
  check('15.1', 'MaxBurstLength: the lower number, also in hexadecimal', '§13.13, §6.1', () => {
    assert.equal(answered('MaxBurstLength=1024'), '1024');
    assert.equal(answered('MaxBurstLength=0x400'), '1024');
    assert.equal(answered('MaxBurstLength=16777215', { wishes: { MaxBurstLength: 65536 } }), '65536');
  }),
  check('16.1', 'FirstBurstLength: the lower number', '§13.14', () => {
    assert.equal(answered('FirstBurstLength=512'), '512');
  }),
  check('16.2', 'FirstBurstLength never exceeds MaxBurstLength, whatever is said', '§13.14', () => {
    const { connection } = session(['MaxBurstLength=1024', 'FirstBurstLength=4096', 'InitialR2T=No']);
    const { FirstBurstLength, MaxBurstLength } = connection.session?.settings ?? {};
    assert.deepEqual([FirstBurstLength, MaxBurstLength], [1024, 1024]);
  }),
  check('16.3', 'immediate data of just FirstBurstLength is taken, one byte more is not', '§13.14', () => {
    const { raw } = session(['FirstBurstLength=512', 'InitialR2T=Yes']);
    raw.ends(raw.write(1, {}, bytes(512)));
    raw.refused(raw.write(2, {}, bytes(513)), 0x0c0c);
  }),
  check('17.1', 'DefaultTime2Retain: the lower number', '§13.16', () => {
    assert.equal(answered('DefaultTime2Retain=5', { wishes: { DefaultTime2Retain: 20 } }), '5');
    assert.equal(answered('DefaultTime2Retain=3601'), 'Reject');
  }),
  check('18.1', 'DefaultTime2Wait: the higher number', '§13.15', () => {
    assert.equal(answered('DefaultTime2Wait=5', { wishes: { DefaultTime2Wait: 2 } }), '5');
    assert.equal(answered('DefaultTime2Wait=1', { wishes: { DefaultTime2Wait: 2 } }), '2');
  }),
  check('19.1', 'MaxOutstandingR2T: the lower number, and that many R2Ts', '§13.17', () => {
    assert.equal(answered('MaxOutstandingR2T=65535', { wishes: { MaxOutstandingR2T: 3 } }), '3');
    assert.equal(answered('MaxOutstandingR2T=0'), 'Reject');
    const { raw } = session(['MaxOutstandingR2T=2', 'MaxBurstLength=512', 'ImmediateData=No']);
    raw.write(8);
    assert.equal(raw.all('readyToTransfer').length, 2);
  }),
  check('20.1', 'ErrorRecoveryLevel: the lower number', '§13.20', () => {
    assert.equal(answered('ErrorRecoveryLevel=2', { wishes: { ErrorRecoveryLevel: 1 } }), '1');
    assert.equal(answered('ErrorRecoveryLevel=1'), '0');
    assert.equal(answered('ErrorRecoveryLevel=3'), 'Reject');
  }),
  check(
    '21.1',
    'SessionType: a discovery session has text and logout; other types are refused',
    '§13.21, §4.3',
    () => {
      refused(['SessionType=Odd'], LoginStatus.unsupportedSessionType);
      const { raw } = discovery();
      raw.command({});
      assert.equal(raw.expect('reject').reason, RejectReason.unsupported);
    },
  ),
  check('22.1', 'AuthMethod=None where nothing has to be proved; CHAP where it has', '§12.1', () => {
    assert.equal(visitor().say(['AuthMethod=CHAP,None'], toOperational).text.get('AuthMethod'), 'None');
    const chap = { chap: { users: { alice: 'a secret of hers' } } };
    assert.equal(visitor(chap).say(['AuthMethod=CHAP,None']).text.get('AuthMethod'), 'CHAP');
    assert.equal(visitor(chap).say(['AuthMethod=None'], toOperational).status, authenticationFailure);
    assert.equal(visitor(chap).say([], toFull).status, authenticationFailure);
  }),
];
