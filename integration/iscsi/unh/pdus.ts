/** PDUs as the tests say them: a name, the fields that matter, and data. */

import type { Fields, Struct, Values } from '../../../src/bytes/fields.ts';
import { InitiatorOpcode, reservedTag, TargetOpcode } from '../../../src/transport/iscsi/opcodes.ts';
import * as pdu from '../../../src/transport/iscsi/pdu.ts';

export interface Message {
  readonly header: Uint8Array;
  readonly data: Uint8Array | undefined;
}

/** Says how such a PDU begins; what a test does not say is as here, or zero. */
const message =
  <F extends Fields>(layout: Struct<F>, usual: Partial<Values<F>>) =>
  (values: Partial<Values<F>> = {}, data?: Uint8Array): Message => ({
    header: layout.encode({ ...usual, ...values }),
    data,
  });

const isid = Uint8Array.of(0x80, 1, 2, 3, 0, 0);
const here = InitiatorOpcode;
const there = TargetOpcode;

export const loginRequest = message(pdu.LoginRequest, {
  opcode: here.loginRequest,
  immediate: 1,
  isid,
  tag: 1,
});
export const scsiCommand = message(pdu.ScsiCommand, { opcode: here.scsiCommand, final: 1, attribute: 1 });
export const dataOut = message(pdu.DataOut, { opcode: here.dataOut, transferTag: reservedTag });
export const managementRequest = message(pdu.ManagementRequest, {
  opcode: here.taskManagementRequest,
  immediate: 1,
  final: 1,
  referencedTag: reservedTag,
});
export const textRequest = message(pdu.TextRequest, {
  opcode: here.textRequest,
  final: 1,
  transferTag: reservedTag,
});
export const logoutRequest = message(pdu.LogoutRequest, {
  opcode: here.logoutRequest,
  immediate: 1,
  final: 1,
});
export const nopOut = message(pdu.NopOut, { opcode: here.nopOut, final: 1, transferTag: reservedTag });
export const snack = message(pdu.Snack, {
  opcode: here.snack,
  final: 1,
  tag: reservedTag,
  transferTag: reservedTag,
});

export const loginResponse = message(pdu.LoginResponse, { opcode: there.loginResponse, isid, tag: 1 });
export const scsiResponse = message(pdu.ScsiResponse, { opcode: there.scsiResponse, final: 1 });
export const dataIn = message(pdu.DataIn, { opcode: there.dataIn, transferTag: reservedTag });
export const readyToTransfer = message(pdu.ReadyToTransfer, { opcode: there.readyToTransfer, final: 1 });
export const managementReply = message(pdu.ManagementReply, {
  opcode: there.taskManagementResponse,
  final: 1,
});
export const textResponse = message(pdu.TextResponse, {
  opcode: there.textResponse,
  final: 1,
  transferTag: reservedTag,
});
export const logoutResponse = message(pdu.LogoutResponse, { opcode: there.logoutResponse, final: 1 });
export const asyncMessage = message(pdu.AsyncMessage, {
  opcode: there.asyncMessage,
  final: 1,
  tag: reservedTag,
});
export const reject = message(pdu.Reject, { opcode: there.reject, final: 1, tag: reservedTag });
export const nopIn = message(pdu.NopIn, {
  opcode: there.nopIn,
  final: 1,
  tag: reservedTag,
  transferTag: reservedTag,
});

/** What is heard, by name: its opcode and its layout. */
export const kinds = {
  loginRequest: [here.loginRequest, pdu.LoginRequest],
  scsiCommand: [here.scsiCommand, pdu.ScsiCommand],
  dataOut: [here.dataOut, pdu.DataOut],
  managementRequest: [here.taskManagementRequest, pdu.ManagementRequest],
  textRequest: [here.textRequest, pdu.TextRequest],
  logoutRequest: [here.logoutRequest, pdu.LogoutRequest],
  nopOut: [here.nopOut, pdu.NopOut],
  snack: [here.snack, pdu.Snack],
  loginResponse: [there.loginResponse, pdu.LoginResponse],
  scsiResponse: [there.scsiResponse, pdu.ScsiResponse],
  dataIn: [there.dataIn, pdu.DataIn],
  readyToTransfer: [there.readyToTransfer, pdu.ReadyToTransfer],
  managementReply: [there.taskManagementResponse, pdu.ManagementReply],
  textResponse: [there.textResponse, pdu.TextResponse],
  logoutResponse: [there.logoutResponse, pdu.LogoutResponse],
  asyncMessage: [there.asyncMessage, pdu.AsyncMessage],
  reject: [there.reject, pdu.Reject],
  nopIn: [there.nopIn, pdu.NopIn],
} as const;
export type Kind = keyof typeof kinds;
