/** The same four tests for every layout (R2). Golden bytes are the standards' tables filled in. */

import { hex } from '../bytes/hex.ts';
import { layout } from '../bytes/testing-layout.ts';
import { BufferDescriptor, EchoDescriptor } from './buffers.ts';
import * as cdb from './cdb.ts';
import { PageHeader, StandardInquiry } from './inquiry.ts';
import * as message from './message-cdb.ts';
import { CommandDescriptor, CommandTimeouts, OneCommand } from './report-supported-operation-codes.ts';
import { FixedSense } from './sense-data.ts';
import { PortDesignator, VendorDesignator } from './vital-product-data.ts';

const control = 0;

layout('SCSI-2 §8.2.16', cdb.TestUnitReady, hex`00 00 00 00 00 00`, { opcode: 0, control });
layout('SPC-4', cdb.RequestSense, hex`03 01 0000 12 00`, {
  opcode: 3,
  descriptorFormat: 1,
  length: 18,
  control,
});
layout('SPC-4', cdb.Inquiry, hex`12 01 83 0123 00`, {
  opcode: 0x12,
  vitalProductData: 1,
  page: 0x83,
  length: 0x123,
  control,
});
layout('SPC-4', cdb.SendDiagnostic, hex`1d 14 00 0102 00`, {
  opcode: 0x1d,
  pageFormat: 1,
  selfTest: 1,
  deviceOffline: 0,
  unitOffline: 0,
  length: 0x102,
  control,
});
layout('SPC-4', cdb.WriteBuffer, hex`3b 0a 05 010203 040506 00`, {
  opcode: 0x3b,
  mode: 0x0a,
  id: 5,
  offset: 0x10203,
  length: 0x40506,
  control,
});
layout('SPC-4', cdb.ReadBuffer, hex`3c 0b 05 010203 040506 00`, {
  opcode: 0x3c,
  mode: 0x0b,
  id: 5,
  offset: 0x10203,
  length: 0x40506,
  control,
});
layout('SPC-4', cdb.ReportLuns, hex`a0 00 02 000000 00001000 00 00`, {
  opcode: 0xa0,
  select: 2,
  length: 4096,
  control,
});
layout('SPC-4', cdb.ReportSupportedOperationCodes, hex`a3 0c 82 a3 000c 00001000 00 00`, {
  opcode: 0xa3,
  serviceAction: 0x0c,
  timeouts: 1,
  options: 2,
  requestedOpcode: 0xa3,
  requestedAction: 0x0c,
  length: 4096,
  control,
});

const six = { lun: 1, length: 0x10203, control };
const ten = { lun: 1, stream: 6, length: 28, control };
const twelve = { lun: 1, stream: 0x123, length: 0x10203040, control };
layout('SCSI-2 §18.2.1', message.GetMessage6, hex`08 20 010203 00`, { opcode: 0x08, ...six });
layout('SCSI-2 §18.2.2', message.GetMessage10, hex`28 20 0000 0006 00 001c 00`, { opcode: 0x28, ...ten });
layout('SCSI-2 §18.2.3', message.GetMessage12, hex`a8 20 0000 0123 10203040 00 00`, {
  opcode: 0xa8,
  ...twelve,
});
layout('SCSI-2 §18.2.4', message.SendMessage6, hex`0a 20 010203 00`, { opcode: 0x0a, ...six });
layout('SCSI-2 §18.2.5, RFC 2143 §3', message.SendMessage10, hex`2a 20 0000 0006 00 001c 00`, {
  opcode: 0x2a,
  ...ten,
});
layout('SCSI-2 §18.2.6', message.SendMessage12, hex`aa 20 0000 0123 10203040 00 00`, {
  opcode: 0xaa,
  ...twelve,
});
layout('SCSI-2 §12.2.1', message.Receive, hex`08 20 010203 00`, { opcode: 0x08, ...six });
layout('SCSI-2 §12.2.2', message.Send, hex`0a 20 010203 00`, { opcode: 0x0a, ...six });

layout('SPC-4 §4.5.3', FixedSense, hex`70 00 05 00000000 0a 00000000 2400 00 cc 0001`, {
  valid: 0,
  responseCode: 0x70,
  filemark: 0,
  endOfMedium: 0,
  incorrectLength: 0,
  key: 5,
  information: 0,
  additionalLength: 10,
  commandSpecific: 0,
  code: 0x2400,
  fieldReplaceableUnit: 0,
  pointerValid: 1,
  inCdb: 1,
  bitPointerValid: 1,
  bitPointer: 4,
  fieldPointer: 1,
});
layout(
  'SCSI-2 §8.2.5.1',
  StandardInquiry,
  hex`09 00 02 02 1f 000002 4950534353492020 6c696e6b202020202020202020202020 302e3120`,
  {
    qualifier: 0,
    deviceType: 9,
    removable: 0,
    version: 2,
    responseFormat: 2,
    additionalLength: 31,
    commandQueuing: 1,
    vendor: 'IPSCSI',
    product: 'link',
    revision: '0.1',
  },
);
layout('SPC-4 §7.8', PageHeader, hex`7f 83 0123`, {
  qualifier: 3,
  deviceType: 0x1f,
  page: 0x83,
  length: 0x123,
});
layout('SPC-4 §7.8', VendorDesignator, hex`02 01 00 08 4950534353492020`, {
  codeSet: 2,
  association: 0,
  type: 1,
  length: 8,
  vendor: 'IPSCSI',
});
layout('SPC-4 §7.8', PortDesignator, hex`01 14 00 04 0000 0001`, {
  codeSet: 1,
  association: 1,
  type: 4,
  length: 4,
  port: 1,
});
layout('SPC-4, READ BUFFER', BufferDescriptor, hex`ff 001000`, { offsetBoundary: 0xff, capacity: 4096 });
layout('SPC-4, READ BUFFER', EchoDescriptor, hex`01 00 1000`, { overwritten: 1, capacity: 4096 });
layout('SPC-4, all commands', CommandDescriptor, hex`a3 00 000c 00 03 000c`, {
  opcode: 0xa3,
  serviceAction: 0x0c,
  timeoutsFollow: 1,
  actionValid: 1,
  cdbLength: 12,
});
layout('SPC-4, one command', OneCommand, hex`00 83 000a`, { timeoutsFollow: 1, support: 3, cdbSize: 10 });
layout('SPC-4, RCTD', CommandTimeouts, hex`000a 00 00 00000001 0000001e`, {
  length: 10,
  commandSpecific: 0,
  nominal: 1,
  recommended: 30,
});
