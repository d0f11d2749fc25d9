/** What tshark calls the fields of our layouts, PDU by PDU. */

import { InitiatorOpcode, TargetOpcode } from '../../../src/transport/iscsi/opcodes.ts';

type Names = Readonly<Record<string, string>>;

const untagged: Names = {
  opcode: 'iscsi.opcode',
  ahsWords: 'iscsi.totalahslength',
  dataLength: 'iscsi.datasegmentlength',
};
const tag: Names = { tag: 'iscsi.initiatortasktag' };
const common: Names = { ...untagged, ...tag };
const immediate: Names = { immediate: 'iscsi.I' };
const lun: Names = { lun: 'scsi.lun' };
const transfer: Names = { transferTag: 'iscsi.targettransfertag' };
const sent: Names = { cmdSn: 'iscsi.cmdsn', expStatSn: 'iscsi.expstatsn' };
const window: Names = { expCmdSn: 'iscsi.expcmdsn', maxCmdSn: 'iscsi.maxcmdsn' };
const answered: Names = { statSn: 'iscsi.statsn', ...window };
const data: Names = { dataSn: 'iscsi.datasn', offset: 'iscsi.bufferOffset' };
const text: Names = { final: 'iscsi.text.F', continues: 'iscsi.text.C' };
const login: Names = {
  transit: 'iscsi.login.T',
  continues: 'iscsi.login.C',
  currentStage: 'iscsi.login.csg',
  versionMax: 'iscsi.versionmax',
  isid: 'iscsi.isid',
  tsih: 'iscsi.tsih',
};

/** By opcode: our field, and tshark's. Fields that tshark does not show are not here. */
export const names: Readonly<Record<number, Names>> = {
  [InitiatorOpcode.nopOut]: { ...common, ...immediate, ...lun, ...transfer, ...sent },
  [InitiatorOpcode.scsiCommand]: {
    ...common,
    ...immediate,
    ...lun,
    ...sent,
    final: 'iscsi.scsicommand.F',
    read: 'iscsi.scsicommand.R',
    write: 'iscsi.scsicommand.W',
    attribute: 'iscsi.scsicommand.attr',
    expectedLength: 'iscsi.scsicommand.expecteddatatransferlength',
  },
  [InitiatorOpcode.taskManagementRequest]: {
    ...common,
    ...immediate,
    ...lun,
    ...sent,
    function: 'iscsi.taskmanfun.function',
    referencedTag: 'iscsi.taskmanfun.referencedtasktag',
    refCmdSn: 'iscsi.refcmdsn',
  },
  [InitiatorOpcode.loginRequest]: {
    ...common,
    ...login,
    ...sent,
    versionMin: 'iscsi.versionmin',
    connection: 'iscsi.cid',
  },
  [InitiatorOpcode.textRequest]: { ...common, ...immediate, ...text, ...lun, ...transfer, ...sent },
  [InitiatorOpcode.dataOut]: {
    ...common,
    ...lun,
    ...transfer,
    ...data,
    expStatSn: 'iscsi.expstatsn',
    final: 'iscsi.scsidata.F',
  },
  [InitiatorOpcode.logoutRequest]: {
    ...common,
    ...immediate,
    ...sent,
    reason: 'iscsi.logout.reason',
    connection: 'iscsi.cid',
  },
  [InitiatorOpcode.snack]: {
    ...common,
    ...lun,
    ...transfer,
    type: 'iscsi.snack.type',
    expStatSn: 'iscsi.expstatsn',
    begin: 'iscsi.snack.begrun',
    runLength: 'iscsi.snack.runlength',
  },
  [TargetOpcode.nopIn]: { ...common, ...lun, ...transfer, ...answered },
  [TargetOpcode.scsiResponse]: {
    ...common,
    ...answered,
    readOverflow: 'iscsi.scsiresponse.o',
    readUnderflow: 'iscsi.scsiresponse.u',
    overflow: 'iscsi.scsiresponse.O',
    underflow: 'iscsi.scsiresponse.U',
    response: 'iscsi.scsiresponse.response',
    status: 'iscsi.scsiresponse.status',
    expDataSn: 'iscsi.expdatasn',
    readResidual: 'iscsi.scsiresponse.bidireadresidualcount',
    residual: 'iscsi.scsiresponse.residualcount',
  },
  [TargetOpcode.taskManagementResponse]: {
    ...tag,
    ...answered,
    opcode: 'iscsi.opcode',
    response: 'iscsi.taskmanfun.response',
  },
  [TargetOpcode.loginResponse]: {
    ...common,
    ...login,
    ...answered,
    versionActive: 'iscsi.versionactive',
    status: 'iscsi.login.status',
  },
  [TargetOpcode.textResponse]: { ...common, ...text, ...lun, ...transfer, ...answered },
  [TargetOpcode.dataIn]: {
    ...common,
    ...window,
    ...data,
    final: 'iscsi.scsidata.F',
    acknowledge: 'iscsi.scsidata.A',
    overflow: 'iscsi.scsidata.O',
    underflow: 'iscsi.scsidata.U',
    hasStatus: 'iscsi.scsidata.S',
  },
  [TargetOpcode.logoutResponse]: {
    ...common,
    ...answered,
    response: 'iscsi.logout.response',
    time2Wait: 'iscsi.time2wait',
    time2Retain: 'iscsi.time2retain',
  },
  [TargetOpcode.readyToTransfer]: {
    ...common,
    ...lun,
    ...transfer,
    ...answered,
    r2tSn: 'iscsi.r2tsn',
    offset: 'iscsi.bufferOffset',
    desiredLength: 'iscsi.desireddatalength',
  },
  [TargetOpcode.asyncMessage]: {
    ...untagged,
    ...lun,
    ...answered,
    event: 'iscsi.asyncevent',
    vendorCode: 'iscsi.eventvendorcode',
    parameter1: 'iscsi.parameter1',
    parameter2: 'iscsi.parameter2',
    parameter3: 'iscsi.parameter3',
  },
  [TargetOpcode.reject]: {
    ...untagged,
    ...answered,
    reason: 'iscsi.reject.reason',
    dataSn: 'iscsi.datasn',
  },
};

/** Only there when a Data-In PDU carries status (RFC 7143 §11.7.4). */
export const withStatus: Names = {
  statSn: 'iscsi.statsn',
  status: 'iscsi.scsiresponse.status',
  residual: 'iscsi.scsidata.readresidualcount',
};

/** Only there when the T bit is set (RFC 7143 §11.12.1). */
export const withTransit: Names = { nextStage: 'iscsi.login.nsg' };
