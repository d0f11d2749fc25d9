/**
 * The commands that carry messages: RFC 2143's, and two stand-ins for carriers that mangle it (design D3). The CDBs
 * are written by hand, per packet; the tables in scsi/ are the tests' oracle (R5).
 */

import { CommunicationsOpcode, Opcode, ProcessorOpcode } from '../scsi/opcodes.ts';
import { putBe16, putBe32 } from './octets.ts';
import { extendedStream } from './record.ts';

/** SEND MESSAGE(12) and GET MESSAGE(12); SEND and RECEIVE; WRITE BUFFER and READ BUFFER. All carry records. */
export const commandSets = { message: 'message', send: 'send', buffer: 'buffer' } as const;
export type CommandSet = (typeof commandSets)[keyof typeof commandSets];

/** WRITE BUFFER and READ BUFFER in data mode with this buffer ID carry messages; the offset stands for the stream. */
export const messageBufferId = 0x49;
const dataMode = 0x02;

/** RFC 2143 §3, byte for byte. Returns the CDB's length. */
export function strictSend(cdb: Uint8Array, lun: number, etherType: number, length: number): number {
  cdb[0] = CommunicationsOpcode.sendMessage10;
  cdb[1] = lun << 5;
  cdb[2] = 0;
  cdb[3] = 0;
  cdb[4] = 0;
  cdb[5] = etherType & 0xf;
  cdb[6] = 0;
  putBe16(cdb, 7, length);
  cdb[9] = 0;
  return 10;
}

function twelve(cdb: Uint8Array, opcode: number, lun: number, length: number): number {
  cdb[0] = opcode;
  cdb[1] = lun << 5;
  putBe16(cdb, 2, 0);
  putBe16(cdb, 4, extendedStream);
  putBe32(cdb, 6, length);
  putBe16(cdb, 10, 0);
  return 12;
}

function six(cdb: Uint8Array, opcode: number, lun: number, length: number): number {
  cdb[0] = opcode;
  cdb[1] = lun << 5;
  cdb[2] = length >>> 16;
  putBe16(cdb, 3, length);
  cdb[5] = 0;
  return 6;
}

function buffer(cdb: Uint8Array, opcode: number, lun: number, length: number): number {
  cdb[0] = opcode;
  cdb[1] = (lun << 5) | dataMode;
  cdb[2] = messageBufferId;
  cdb[3] = 0;
  putBe16(cdb, 4, extendedStream);
  cdb[6] = length >>> 16;
  putBe16(cdb, 7, length);
  cdb[9] = 0;
  return 10;
}

/** A command that sends records. Returns the CDB's length. */
export function extendedSend(cdb: Uint8Array, set: CommandSet, lun: number, length: number): number {
  if (set === 'message') return twelve(cdb, CommunicationsOpcode.sendMessage12, lun, length);
  if (set === 'send') return six(cdb, ProcessorOpcode.send, lun, length);
  return buffer(cdb, Opcode.writeBuffer, lun, length);
}

/** A command that fetches records. Returns the CDB's length. */
export function extendedGet(cdb: Uint8Array, set: CommandSet, lun: number, length: number): number {
  if (set === 'message') return twelve(cdb, CommunicationsOpcode.getMessage12, lun, length);
  if (set === 'send') return six(cdb, ProcessorOpcode.receive, lun, length);
  return buffer(cdb, Opcode.readBuffer, lun, length);
}
