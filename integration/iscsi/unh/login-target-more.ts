/** Login phase for targets: what the numbers that we know leave out. */

import assert from 'node:assert/strict';
import { LoginStatus, RejectReason, reservedTag, Stage } from '../../../src/transport/iscsi/opcodes.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { refused, toFull, toOperational, visitor } from './login-requests.ts';
import { loginRequest } from './pdus.ts';
import { RawInitiator, session, who } from './raw-initiator.ts';
import { type Check, check } from './suite.ts';

const { initiatorError } = LoginStatus;

export const moreLogins: readonly Check[] = [
  check(
    'A.1',
    'keys split by the C bit, even in the middle of a name, are put together',
    '§6.2, §11.12.2',
    () => {
      const { bytes: say } = visitor();
      const whole = encodeText([...who, ['MaxBurstLength', '4096']]);
      const first = say(whole.subarray(0, whole.length - 10), {
        currentStage: Stage.operational,
        continues: 1,
      });
      assert.deepEqual([first.status, first.data.length, first.transit], [0, 0, 0]);
      assert.equal(say(whole.subarray(whole.length - 10), toFull).text.get('MaxBurstLength'), '4096');
    },
  ),
  check('A.2', 'C with T ends the login', '§11.12.2', () => refused([], initiatorError, { continues: 1 })),
  check('A.3', 'stages do not go back, to themselves, or to number 2', '§11.12.3', () => {
    for (const nextStage of [Stage.security, Stage.operational, 2])
      refused([], initiatorError, { nextStage });
    refused([], initiatorError, { currentStage: Stage.fullFeature });
    const { say } = visitor();
    say(['AuthMethod=None'], toOperational);
    assert.equal(say([], toOperational).status, initiatorError);
  }),
  check('A.4', 'a version that we do not have: "unsupported version"', '§11.12.4, §11.13.5', () =>
    refused([], LoginStatus.unsupportedVersion, { versionMin: 1, versionMax: 1 }),
  ),
  check('A.5', 'text that is not of keys and values ends the login', '§6.1', () => {
    for (const text of ['no equals sign\0', '=value\0', `${'k'.repeat(64)}=v\0`, 'key with spaces=v\0']) {
      const { bytes: say } = visitor();
      assert.equal(say(new TextEncoder().encode(text), toFull).status, initiatorError);
    }
  }),
  check('A.6', 'the same initiator port again takes the place of its old session', '§6.3.5', () => {
    const first = session();
    const again = new RawInitiator(first.lab.connection());
    assert.equal(again.login([]).status, 0);
    assert.deepEqual([first.connection.ended, first.lab.node.sessions.size], [true, 1]);
  }),
  check('A.7', 'a login request in full feature phase is rejected', '§11.12', () => {
    const { raw } = session();
    raw.send(loginRequest({ ...toFull, cmdSn: raw.cmdSn }, encodeText(who)));
    const rejected = raw.expect('reject');
    assert.deepEqual([rejected.reason, rejected.tag], [RejectReason.protocol, reservedTag]);
    raw.greet();
  }),
  check('A.8', 'a login that takes too long ends', '§6.3', () => {
    const { raw, lab, connection, say } = visitor();
    say([], { currentStage: Stage.operational });
    lab.clock.advance(15_001);
    connection.tick();
    raw.closed();
  }),
];
