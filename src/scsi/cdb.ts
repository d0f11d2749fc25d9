/** CDBs of the commands that every device type has. Bits 7 to 5 of byte 1 were the LUN up to SCSI-2 and are not looked at. */

import { bits, struct, u8, u16, u24, u32 } from '../bytes/fields.ts';

/** SPC-4; SCSI-2 §8.2.16. */
export const TestUnitReady = struct('TEST UNIT READY', 6, { opcode: u8(0), control: u8(5) });

/** SPC-4; SCSI-2 §8.2.14. */
export const RequestSense = struct('REQUEST SENSE', 6, {
  opcode: u8(0),
  descriptorFormat: bits(1, 0), // DESC
  length: u8(4),
  control: u8(5),
});

/** SPC-4; SCSI-2 §8.2.5, where byte 3 was reserved. */
export const Inquiry = struct('INQUIRY', 6, {
  opcode: u8(0),
  vitalProductData: bits(1, 0), // EVPD
  page: u8(2),
  length: u16(3),
  control: u8(5),
});

/** SPC-4; SCSI-2 §8.2.15, where bits 7 to 5 of byte 1 were the LUN. */
export const SendDiagnostic = struct('SEND DIAGNOSTIC', 6, {
  opcode: u8(0),
  pageFormat: bits(1, 4), // PF
  selfTest: bits(1, 2),
  deviceOffline: bits(1, 1), // DevOffL
  unitOffline: bits(1, 0), // UnitOffL
  length: u16(3),
  control: u8(5),
});

/** SPC-4; SCSI-2 §8.2.17, where the mode had three bits. */
export const WriteBuffer = struct('WRITE BUFFER', 10, {
  opcode: u8(0),
  mode: bits(1, 4, 0),
  id: u8(2),
  offset: u24(3),
  length: u24(6),
  control: u8(9),
});

/** SPC-4; SCSI-2 §8.2.12. */
export const ReadBuffer = struct('READ BUFFER', 10, {
  opcode: u8(0),
  mode: bits(1, 4, 0),
  id: u8(2),
  offset: u24(3),
  length: u24(6),
  control: u8(9),
});

/** SPC-4. */
export const ReportLuns = struct('REPORT LUNS', 12, {
  opcode: u8(0),
  select: u8(2),
  length: u32(6),
  control: u8(11),
});

/** SPC-4. */
export const ReportSupportedOperationCodes = struct('REPORT SUPPORTED OPERATION CODES', 12, {
  opcode: u8(0),
  serviceAction: bits(1, 4, 0),
  timeouts: bits(2, 7), // RCTD
  options: bits(2, 2, 0),
  requestedOpcode: u8(3),
  requestedAction: u16(4),
  length: u32(6),
  control: u8(11),
});
