/** Basic header segments, 48 bytes each (RFC 7143 §11), as tables. The data segment and its digests are the framer's. */

import { bits, raw, struct, u8, u16, u24, u32 } from '../../bytes/fields.ts';

export const headerSize = 48;

/** What all PDUs have (RFC 7143 §11.2.1). */
const common = {
  opcode: bits(0, 5, 0),
  ahsWords: u8(4), // TotalAHSLength
  dataLength: u24(5), // DataSegmentLength
};
const request = { ...common, immediate: bits(0, 6) };
const tag = { tag: u32(16) }; // Initiator Task Tag
const lun = { lun: u16(8) }; // the first level is all we have
const transfer = { transferTag: u32(20) }; // Target Transfer Tag
const sent = { cmdSn: u32(24), expStatSn: u32(28) };
const answered = { statSn: u32(24), expCmdSn: u32(28), maxCmdSn: u32(32) };

/** What is read before the kind of PDU is known. */
export const Header = struct('basic header segment', headerSize, { ...request, final: bits(1, 7), ...tag });

/** RFC 7143 §11.3; the priority is RFC 7144 §3. */
export const ScsiCommand = struct('SCSI Command', headerSize, {
  ...request,
  final: bits(1, 7),
  read: bits(1, 6),
  write: bits(1, 5),
  attribute: bits(1, 2, 0),
  priority: bits(3, 3, 0),
  ...lun,
  ...tag,
  expectedLength: u32(20),
  ...sent,
  cdb: raw(32, 16),
});

/** RFC 7143 §11.4. */
export const ScsiResponse = struct('SCSI Response', headerSize, {
  ...common,
  final: bits(1, 7),
  readOverflow: bits(1, 4), // o: bidirectional read
  readUnderflow: bits(1, 3), // u
  overflow: bits(1, 2),
  underflow: bits(1, 1),
  response: u8(2),
  status: u8(3),
  ...tag,
  snackTag: u32(20),
  ...answered,
  expDataSn: u32(36),
  readResidual: u32(40),
  residual: u32(44),
});

/** RFC 7143 §11.5. */
export const ManagementRequest = struct('Task Management Function Request', headerSize, {
  ...request,
  final: bits(1, 7),
  function: bits(1, 6, 0),
  ...lun,
  ...tag,
  referencedTag: u32(20),
  ...sent,
  refCmdSn: u32(32),
  expDataSn: u32(36),
});

/** RFC 7143 §11.6. */
export const ManagementReply = struct('Task Management Function Response', headerSize, {
  ...common,
  final: bits(1, 7),
  response: u8(2),
  ...tag,
  ...answered,
});

/** RFC 7143 §11.7. */
export const DataOut = struct('SCSI Data-Out', headerSize, {
  ...common,
  final: bits(1, 7),
  ...lun,
  ...tag,
  ...transfer,
  expStatSn: u32(28),
  dataSn: u32(36),
  offset: u32(40),
});

/** RFC 7143 §11.7. */
export const DataIn = struct('SCSI Data-In', headerSize, {
  ...common,
  final: bits(1, 7),
  acknowledge: bits(1, 6),
  overflow: bits(1, 2),
  underflow: bits(1, 1),
  hasStatus: bits(1, 0), // S
  status: u8(3),
  ...lun,
  ...tag,
  ...transfer,
  ...answered,
  dataSn: u32(36),
  offset: u32(40),
  residual: u32(44),
});

/** RFC 7143 §11.8. */
export const ReadyToTransfer = struct('Ready To Transfer', headerSize, {
  ...common,
  final: bits(1, 7),
  ...lun,
  ...tag,
  ...transfer,
  ...answered,
  r2tSn: u32(36),
  offset: u32(40),
  desiredLength: u32(44),
});

/** RFC 7143 §11.9. */
export const AsyncMessage = struct('Asynchronous Message', headerSize, {
  ...common,
  final: bits(1, 7),
  ...lun,
  ...tag,
  ...answered,
  event: u8(36),
  vendorCode: u8(37),
  parameter1: u16(38),
  parameter2: u16(40),
  parameter3: u16(42),
});

/** RFC 7143 §11.10. */
export const TextRequest = struct('Text Request', headerSize, {
  ...request,
  final: bits(1, 7),
  continues: bits(1, 6), // C
  ...lun,
  ...tag,
  ...transfer,
  ...sent,
});

/** RFC 7143 §11.11. */
export const TextResponse = struct('Text Response', headerSize, {
  ...common,
  final: bits(1, 7),
  continues: bits(1, 6),
  ...lun,
  ...tag,
  ...transfer,
  ...answered,
});

/** RFC 7143 §11.12. */
export const LoginRequest = struct('Login Request', headerSize, {
  ...request,
  transit: bits(1, 7),
  continues: bits(1, 6),
  currentStage: bits(1, 3, 2),
  nextStage: bits(1, 1, 0),
  versionMax: u8(2),
  versionMin: u8(3),
  isid: raw(8, 6),
  tsih: u16(14),
  ...tag,
  connection: u16(20), // CID
  ...sent,
});

/** RFC 7143 §11.13. */
export const LoginResponse = struct('Login Response', headerSize, {
  ...common,
  transit: bits(1, 7),
  continues: bits(1, 6),
  currentStage: bits(1, 3, 2),
  nextStage: bits(1, 1, 0),
  versionMax: u8(2),
  versionActive: u8(3),
  isid: raw(8, 6),
  tsih: u16(14),
  ...tag,
  ...answered,
  status: u16(36), // Status-Class and Status-Detail
});

/** RFC 7143 §11.14. */
export const LogoutRequest = struct('Logout Request', headerSize, {
  ...request,
  final: bits(1, 7),
  reason: bits(1, 6, 0),
  ...tag,
  connection: u16(20),
  ...sent,
});

/** RFC 7143 §11.15. */
export const LogoutResponse = struct('Logout Response', headerSize, {
  ...common,
  final: bits(1, 7),
  response: u8(2),
  ...tag,
  ...answered,
  time2Wait: u16(40),
  time2Retain: u16(42),
});

/** RFC 7143 §11.16. */
export const Snack = struct('SNACK Request', headerSize, {
  ...common,
  final: bits(1, 7),
  type: bits(1, 3, 0),
  ...lun,
  ...tag,
  ...transfer,
  expStatSn: u32(28),
  begin: u32(40),
  runLength: u32(44),
});

/** RFC 7143 §11.17. */
export const Reject = struct('Reject', headerSize, {
  ...common,
  final: bits(1, 7),
  reason: u8(2),
  ...tag,
  ...answered,
  dataSn: u32(36),
});

/** RFC 7143 §11.18. */
export const NopOut = struct('NOP-Out', headerSize, {
  ...request,
  final: bits(1, 7),
  ...lun,
  ...tag,
  ...transfer,
  ...sent,
});

/** RFC 7143 §11.19. */
export const NopIn = struct('NOP-In', headerSize, {
  ...common,
  final: bits(1, 7),
  ...lun,
  ...tag,
  ...transfer,
  ...answered,
});

/** An additional header segment's beginning (RFC 7143 §11.2.2.1). */
export const AdditionalHeader = struct('additional header segment', 4, {
  length: u16(0),
  type: bits(2, 5, 0),
});
/** AHSType (RFC 7143 §11.2.2.1). */
export const AdditionalHeaderType = { extendedCdb: 1, readLength: 2 } as const;
/** Expected bidirectional read data length AHS (RFC 7143 §11.2.2.4). */
export const ReadLength = struct('bidirectional read length', 8, {
  length: u16(0),
  type: bits(2, 5, 0),
  readLength: u32(4),
});
