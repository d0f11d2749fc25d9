/** What is asked of a target before it is known, as CDBs. */

import { Inquiry, ReportLuns, TestUnitReady } from '../scsi/cdb.ts';
import { Opcode } from '../scsi/opcodes.ts';
import { extensionsPage } from './extensions.ts';

/** INQUIRY; REPORT LUNS; VPD pages 00h and C0h; TEST UNIT READY. */
export type Question = 'inquiry' | 'luns' | 'pages' | 'extensions' | 'ready';

/** Bytes asked for: what a SCSI-2 allocation length can say. */
export const allocation = 255;
/** LUNs that RFC 2143 §3 can name. */
const luns = 8;

/** The CDB, with the LUN as SCSI-2 §7.2.2 has it, for targets that get it in no other way. */
export function questionOf(question: Question, lun: number): Uint8Array {
  const cdb = plain(question);
  cdb[1] = (cdb[1] ?? 0) | (lun << 5);
  return cdb;
}

function plain(question: Question): Uint8Array {
  const length = allocation;
  if (question === 'ready') return TestUnitReady.encode({ opcode: Opcode.testUnitReady });
  if (question === 'luns') return ReportLuns.encode({ opcode: Opcode.reportLuns, length });
  const vitalProductData = question === 'inquiry' ? 0 : 1;
  const page = question === 'extensions' ? extensionsPage : 0;
  return Inquiry.encode({ opcode: Opcode.inquiry, vitalProductData, page, length });
}

/** LUNs 1 to 7 of a LUN list, in peripheral device addressing (SAM-5 §4.7.7). */
export function lunsOf(list: Uint8Array): number[] {
  const found = [];
  for (let at = 8; at + 8 <= list.length; at += 8) {
    const lun = list[at + 1] ?? 0;
    if (list[at] === 0 && lun > 0 && lun < luns) found.push(lun);
  }
  return found;
}
