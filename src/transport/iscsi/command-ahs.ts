/** Additional header segments of a command (RFC 7143 §11.2.2): the CDB beyond 16 bytes, and the read length of a bidirectional one. */

import type { Task } from '../task.ts';
import { AdditionalHeader, AdditionalHeaderType, ReadLength } from './pdu.ts';

const basicCdb = 16;

export function extendedHeaders(task: Task): Uint8Array {
  const more = Math.max(0, task.cdbLength - basicCdb);
  const cdbSize = more > 0 ? (AdditionalHeader.size + more + 3) & ~3 : 0;
  const both = task.dataOutLength > 0 && task.dataInLength > 0;
  const bytes = new Uint8Array(cdbSize + (both ? ReadLength.size : 0));
  if (more > 0) {
    AdditionalHeader.encode({ length: more + 1, type: AdditionalHeaderType.extendedCdb }, bytes);
    bytes.set(task.cdb.subarray(basicCdb, task.cdbLength), AdditionalHeader.size);
  }
  if (both)
    ReadLength.encode(
      { length: 5, type: AdditionalHeaderType.readLength, readLength: task.dataInLength },
      bytes.subarray(cdbSize),
    );
  return bytes;
}
