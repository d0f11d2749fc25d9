/** Login phase for initiators, groups 13 to 22: one key after the other; and what the numbers that we know leave out. */

import assert from 'node:assert/strict';
import { LoginStatus, Stage } from '../../../src/transport/iscsi/opcodes.ts';
import { leaves, offers, settled, stops } from './login-responses.ts';
import { loginResponse } from './pdus.ts';
import { called, caller } from './raw-target.ts';
import { type Check, check } from './suite.ts';

export const initiatorKeys: readonly Check[] = [
  check(
    '13.1',
    'booleans that the target decides hold: InitialR2T=Yes, ImmediateData=No',
    '§13.10, §13.11',
    () => {
      const { InitialR2T, ImmediateData } = settled(['InitialR2T=Yes', 'ImmediateData=No']);
      assert.deepEqual([InitialR2T, ImmediateData], [true, false]);
    },
  ),
  check(
    '13.2',
    'booleans that the target agrees to hold: InitialR2T=No, ImmediateData=Yes',
    '§13.10, §13.11',
    () => {
      const { InitialR2T, ImmediateData } = settled(['InitialR2T=No', 'ImmediateData=Yes']);
      assert.deepEqual([InitialR2T, ImmediateData], [false, true]);
    },
  ),
  check('13.3', 'booleans that can not come of the offer end the login', '§6.2.2', () => {
    leaves(['InitialR2T=No'], { InitialR2T: true });
    leaves(['ImmediateData=Yes'], { ImmediateData: false });
    leaves(['DataPDUInOrder=No']);
  }),
  check('14.1', 'MaxRecvDataSegmentLength: ours is declared, the target’s is kept to', '§13.12', () => {
    assert.equal(offers({ MaxRecvDataSegmentLength: 4096 }).get('MaxRecvDataSegmentLength'), '4096');
    assert.equal(settled(['MaxRecvDataSegmentLength=1024']).peerSegment, 1024);
    assert.equal(settled([]).peerSegment, 8192);
    leaves(['MaxRecvDataSegmentLength=511']);
  }),
  check('15.1', 'MaxBurstLength: the lower number holds, a higher one ends the login', '§13.13', () => {
    assert.equal(settled(['MaxBurstLength=512']).MaxBurstLength, 512);
    leaves(['MaxBurstLength=8192'], { MaxBurstLength: 4096 });
  }),
  check('16.1', 'FirstBurstLength below MaxBurstLength holds', '§13.14', () => {
    const { FirstBurstLength, MaxBurstLength } = settled(['FirstBurstLength=512', 'MaxBurstLength=1024']);
    assert.deepEqual([FirstBurstLength, MaxBurstLength], [512, 1024]);
  }),
  check(
    '16.2',
    'FirstBurstLength above MaxBurstLength: no more than MaxBurstLength goes unsolicited',
    '§13.14',
    () => {
      const { raw, write } = called(['FirstBurstLength=4096', 'MaxBurstLength=1024', 'InitialR2T=No']);
      write(8192);
      assert.equal(raw.expect('scsiCommand').data.length, 1024);
      raw.silence();
    },
  ),
  check(
    '16.3',
    'the FirstBurstLength that is offered is not above the MaxBurstLength that is',
    '§13.14',
    () => {
      const said = offers({ FirstBurstLength: 65536, MaxBurstLength: 4096 });
      assert.ok(Number(said.get('FirstBurstLength')) <= Number(said.get('MaxBurstLength')));
    },
  ),
  check('17.1', 'DefaultTime2Retain: the lower number holds', '§13.16', () => {
    assert.equal(settled(['DefaultTime2Retain=5'], { DefaultTime2Retain: 20 }).DefaultTime2Retain, 5);
    leaves(['DefaultTime2Retain=30'], { DefaultTime2Retain: 20 });
  }),
  check('18.1', 'DefaultTime2Wait: the higher number holds', '§13.15', () => {
    assert.equal(settled(['DefaultTime2Wait=5'], { DefaultTime2Wait: 0 }).DefaultTime2Wait, 5);
    leaves(['DefaultTime2Wait=1'], { DefaultTime2Wait: 3 });
  }),
  check('19.1', 'MaxOutstandingR2T: the lower number holds', '§13.17', () => {
    assert.equal(settled(['MaxOutstandingR2T=1'], { MaxOutstandingR2T: 4 }).MaxOutstandingR2T, 1);
    leaves(['MaxOutstandingR2T=5'], { MaxOutstandingR2T: 4 });
  }),
  check('20.1', 'ErrorRecoveryLevel: the lower number holds', '§13.20', () => {
    assert.equal(settled(['ErrorRecoveryLevel=0'], { ErrorRecoveryLevel: 1 }).ErrorRecoveryLevel, 0);
    leaves(['ErrorRecoveryLevel=2'], { ErrorRecoveryLevel: 1 });
  }),
  check('21.1', 'SessionType: Normal with a target’s name, Discovery without', '§13.21', () => {
    const { text } = caller({ target: undefined }).raw.expect('loginRequest');
    assert.deepEqual([text.get('SessionType'), text.has('TargetName')], ['Discovery', false]);
  }),
  check('22.1', 'AuthMethod: None without a secret, CHAP with one', '§12.1', () => {
    const chap = { name: 'alice', secret: 'a secret of hers' };
    const { text, transit } = caller({ chap }).raw.expect('loginRequest');
    assert.deepEqual([text.get('AuthMethod'), transit], ['CHAP', 0]);
  }),
  check('A.1', 'a refusal ends the login, and its status is told', '§11.13.5', () => {
    for (const status of [LoginStatus.initiatorError, LoginStatus.notFound, LoginStatus.outOfResources])
      assert.equal(stops({ status, transit: 0 }).status, status);
  }),
  check('A.2', 'a target that has moved: where to is told', '§11.13.5, §13.8', () => {
    const moved = stops({ status: LoginStatus.movedTemporarily, transit: 0 }, [
      'TargetAddress=192.0.2.9:3260,1',
    ]);
    assert.equal(moved.movedTo, '192.0.2.9:3260,1');
  }),
  check('A.3', 'a response split by the C bit is fetched with an empty request', '§6.2, §11.13.2', () => {
    const { raw, connection, told } = caller();
    raw.admit();
    const request = raw.expect('loginRequest');
    const { tag, isid, currentStage } = request;
    const text = new TextEncoder().encode('MaxBurstLength=4096\0');
    raw.send(
      loginResponse({ ...raw.numbered(), continues: 1, currentStage, tag, isid }, text.subarray(0, 9)),
    );
    const empty = raw.expect('loginRequest');
    assert.equal(empty.data.length, 0);
    const last = { transit: 1, currentStage, nextStage: Stage.fullFeature, tsih: 1 };
    raw.send(loginResponse({ ...raw.numbered(), ...last, tag, isid }, text.subarray(9)));
    assert.deepEqual([told.ready, connection.settings.MaxBurstLength], [true, 4096]);
  }),
  check('A.4', 'a target in another stage, or one that goes back, ends the login', '§11.13', () => {
    stops({ currentStage: Stage.security });
    stops({ nextStage: Stage.operational });
  }),
];
