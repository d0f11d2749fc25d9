/** What we do without, said once, with the checks that show it. */

import assert from 'node:assert/strict';
import {
  LoginStatus,
  ManagementFunction,
  ManagementResponse,
  Stage,
} from '../../../src/transport/iscsi/opcodes.ts';
import { encodeText } from '../../../src/transport/iscsi/text.ts';
import { loginRequest, managementRequest } from './pdus.ts';
import { RawInitiator, session, who } from './raw-initiator.ts';
import { caller } from './raw-target.ts';

export const singleConnection = {
  notApplicable: 'a session has one connection; MaxConnections=1 is answered, and a second one is refused',
};
export const noReassignment = {
  notApplicable: 'ErrorRecoveryLevel 2 is not offered; TASK REASSIGN is answered "not supported"',
};

export const singleConnectionInitiator = {
  notApplicable: 'a session has one connection: MaxConnections=1 is offered',
};
export const noReassigning = {
  notApplicable: 'ErrorRecoveryLevel 2 is not offered, whatever is wished',
};

/** See `singleConnection`. */
export function refusesSecondConnection(): void {
  const { lab, login, connection } = session(['MaxConnections=4']);
  assert.equal(login.text.get('MaxConnections'), '1');
  const second = new RawInitiator(lab.connection());
  const stages = { transit: 1, currentStage: Stage.operational, nextStage: Stage.fullFeature };
  second.send(loginRequest({ ...stages, tsih: login.tsih, connection: 1 }, encodeText(who)));
  assert.equal(second.expect('loginResponse').status, LoginStatus.noSuchSession);
  second.closed();
  assert.equal(connection.ended, false, 'the session goes on');
}

/** See `noReassignment`. */
export function refusesReassignment(): void {
  const { raw, login } = session(['ErrorRecoveryLevel=2'], { wishes: { ErrorRecoveryLevel: 1 } });
  assert.equal(login.text.get('ErrorRecoveryLevel'), '1');
  const referencedTag = raw.read(1);
  raw.send(
    managementRequest({ ...raw.immediate(), function: ManagementFunction.taskReassign, referencedTag }),
  );
  raw.reads(referencedTag, 512);
  assert.equal(raw.expect('managementReply').response, ManagementResponse.reassignmentUnsupported);
}

/** See `singleConnectionInitiator`. */
export function offersOneConnection(): void {
  const { raw } = caller({ wishes: { MaxConnections: 4 } });
  raw.admit();
  assert.equal(raw.expect('loginRequest').text.get('MaxConnections') ?? '1', '1');
}

/** See `noReassigning`. */
export function offersNoReassignment(): void {
  const { raw } = caller({ wishes: { ErrorRecoveryLevel: 2 } });
  raw.admit();
  assert.equal(raw.expect('loginRequest').text.get('ErrorRecoveryLevel'), '1');
}
