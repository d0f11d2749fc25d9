/**
 * CDBs that carry messages: GET and SEND MESSAGE of communications devices, RECEIVE and SEND of processor devices.
 * Not here: what a stream means; RFC 2143 is the link's.
 */

import { bits, struct, u8, u16, u24, u32 } from '../bytes/fields.ts';

const six = { opcode: u8(0), lun: bits(1, 7, 5), length: u24(2), control: u8(5) };
const ten = { opcode: u8(0), lun: bits(1, 7, 5), stream: u16(4), length: u16(7), control: u8(9) };
const twelve = { opcode: u8(0), lun: bits(1, 7, 5), stream: u16(4), length: u32(6), control: u8(11) };

/** SCSI-2 §18.2.1. */
export const GetMessage6 = struct('GET MESSAGE(6)', 6, six);
/** SCSI-2 §18.2.2. */
export const GetMessage10 = struct('GET MESSAGE(10)', 10, ten);
/** SCSI-2 §18.2.3. */
export const GetMessage12 = struct('GET MESSAGE(12)', 12, twelve);
/** SCSI-2 §18.2.4, table 358. */
export const SendMessage6 = struct('SEND MESSAGE(6)', 6, six);
/** SCSI-2 §18.2.5, table 359. RFC 2143 §3 puts the low nibble of the EtherType into the stream. */
export const SendMessage10 = struct('SEND MESSAGE(10)', 10, ten);
/** SCSI-2 §18.2.6. */
export const SendMessage12 = struct('SEND MESSAGE(12)', 12, twelve);
/** SPC-2; SCSI-2 §12.2.1. */
export const Receive = struct('RECEIVE', 6, six);
/** SPC-2; SCSI-2 §12.2.2, without its AEN bit: we take no event reports. */
export const Send = struct('SEND', 6, six);

/** Length of a message CDB; the three forms lay out their fields alike for both directions. */
export type MessageForm = 6 | 10 | 12;

/** The CDB's transfer length, straight from the field: no view is made. */
export function messageLength(cdb: Uint8Array, form: MessageForm): number {
  if (form === 10) return ten.length.get(cdb);
  return form === 6 ? six.length.get(cdb) : twelve.length.get(cdb);
}

/** The CDB's stream selection; the 6-byte forms have none: 0. */
export function messageStream(cdb: Uint8Array, form: MessageForm): number {
  return form === 6 ? 0 : ten.stream.get(cdb);
}

/** Says whether everything that the layout reserves, and the control byte, is zero. The LUN bits may be anything.
 * By hand (R5), with malformed() as its oracle. */
export function messageReservedClear(cdb: Uint8Array, form: MessageForm): boolean {
  const first = Number(cdb[1]) & 0x1f;
  if (form === 6) return (first | Number(cdb[5])) === 0;
  const middle = first | Number(cdb[2]) | Number(cdb[3]);
  if (form === 10) return (middle | Number(cdb[6]) | Number(cdb[9])) === 0;
  return (middle | Number(cdb[10]) | Number(cdb[11])) === 0;
}
