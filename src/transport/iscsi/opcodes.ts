/** The numbers of iSCSI (RFC 7143 §11, RFC 7144), each in one table. */

/** PDUs sent by initiators (RFC 7143 §11.2.1.2). */
export const InitiatorOpcode = {
  nopOut: 0x00,
  scsiCommand: 0x01,
  taskManagementRequest: 0x02,
  loginRequest: 0x03,
  textRequest: 0x04,
  dataOut: 0x05,
  logoutRequest: 0x06,
  snack: 0x10,
} as const;

/** PDUs sent by targets (RFC 7143 §11.2.1.2). */
export const TargetOpcode = {
  nopIn: 0x20,
  scsiResponse: 0x21,
  taskManagementResponse: 0x22,
  loginResponse: 0x23,
  textResponse: 0x24,
  dataIn: 0x25,
  logoutResponse: 0x26,
  readyToTransfer: 0x31,
  asyncMessage: 0x32,
  reject: 0x3f,
} as const;

/** A tag that names nothing. */
export const reservedTag = 0xffffffff;

/** Task management functions (RFC 7143 §11.5.1; from 9 on RFC 7144 §4.1). */
export const ManagementFunction = {
  abortTask: 1,
  abortTaskSet: 2,
  clearAca: 3,
  clearTaskSet: 4,
  logicalUnitReset: 5,
  targetWarmReset: 6,
  targetColdReset: 7,
  taskReassign: 8,
  queryTask: 9,
  queryTaskSet: 10,
  nexusReset: 11,
  queryAsynchronousEvent: 12,
} as const;

/** What comes of them (RFC 7143 §11.6.1; 7 is RFC 7144 §4.2). */
export const ManagementResponse = {
  complete: 0,
  noSuchTask: 1,
  noSuchLun: 2,
  stillAllegiant: 3,
  reassignmentUnsupported: 4,
  unsupported: 5,
  unauthorized: 6,
  succeeded: 7,
  rejected: 255,
} as const;

/** Why a PDU was rejected (RFC 7143 §11.17.1). */
export const RejectReason = {
  dataDigest: 0x02,
  snack: 0x03,
  protocol: 0x04,
  unsupported: 0x05,
  immediateRejected: 0x06,
  taskInProgress: 0x07,
  invalidDataAck: 0x08,
  invalidField: 0x09,
  longOperation: 0x0a,
  waitingForLogout: 0x0c,
} as const;

/** What a SNACK asks for (RFC 7143 §11.16.1). */
export const SnackType = { data: 0, status: 1, dataAck: 2, resegmented: 3 } as const;

/** Asynchronous events (RFC 7143 §11.9.1). */
export const AsyncEvent = {
  scsi: 0,
  logoutRequested: 1,
  connectionDropped: 2,
  allConnectionsDropped: 3,
  renegotiate: 4,
  tasksTerminated: 5,
  vendor: 255,
} as const;

/** Why an initiator logs out (RFC 7143 §11.14.1). */
export const LogoutReason = { session: 0, connection: 1, recovery: 2 } as const;

/** What comes of it (RFC 7143 §11.15.1). */
export const LogoutResponseCode = {
  closed: 0,
  noSuchConnection: 1,
  recoveryUnsupported: 2,
  cleanupFailed: 3,
} as const;

/** Status-Class in the upper byte, Status-Detail in the lower (RFC 7143 §11.13.5). */
export const LoginStatus = {
  success: 0x0000,
  movedTemporarily: 0x0101,
  movedPermanently: 0x0102,
  initiatorError: 0x0200,
  authenticationFailure: 0x0201,
  authorizationFailure: 0x0202,
  notFound: 0x0203,
  removed: 0x0204,
  unsupportedVersion: 0x0205,
  tooManyConnections: 0x0206,
  missingParameter: 0x0207,
  cannotIncludeInSession: 0x0208,
  unsupportedSessionType: 0x0209,
  noSuchSession: 0x020a,
  invalidDuringLogin: 0x020b,
  targetError: 0x0300,
  serviceUnavailable: 0x0301,
  outOfResources: 0x0302,
} as const;

/** Stages of a login (RFC 7143 §11.12.3). */
export const Stage = { security: 0, operational: 1, fullFeature: 3 } as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** Task attributes on the wire (RFC 7143 §11.3.1.2); our own numbering is SAM's without "untagged". */
export const Attribute = { untagged: 0, simple: 1, ordered: 2, headOfQueue: 3, aca: 4 } as const;

/** SCSI Response's own code (RFC 7143 §11.4.3). */
export const ServiceResponse = { complete: 0, targetFailure: 1 } as const;

/** A number's name in a table; the number itself when it has none there. */
export function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  for (const [name, number] of Object.entries(table)) if (number === value) return name;
  return `0x${value.toString(16)}`;
}
