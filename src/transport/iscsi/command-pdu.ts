/** A SCSI Command PDU read into a task (RFC 7143 §11.3), with its additional headers (§11.2.2). */

import { TaskAttribute } from '../../scsi/command.ts';
import { Attribute, reservedTag } from './opcodes.ts';
import { AdditionalHeader, AdditionalHeaderType, ReadLength, type ScsiCommand } from './pdu.ts';
import type { TargetTask } from './target-task.ts';

const basicCdb = 16;

const attributes: Readonly<Record<number, TaskAttribute>> = {
  [Attribute.untagged]: TaskAttribute.simple,
  [Attribute.simple]: TaskAttribute.simple,
  [Attribute.ordered]: TaskAttribute.ordered,
  [Attribute.headOfQueue]: TaskAttribute.headOfQueue,
  [Attribute.aca]: TaskAttribute.aca,
};

/** CDB lengths by the group code, the opcode's upper three bits (SPC-4, table "CDB lengths"); vendor groups are taken as 16. */
const groups = [6, 10, 10, 32, 16, 12, 16, 16] as const;

/** Fills in what the PDU says. False: it makes no sense. */
export function commandOf(
  task: TargetTask,
  header: ReturnType<typeof ScsiCommand.over>,
  ahs: Uint8Array,
): boolean {
  const attribute = attributes[header.attribute];
  if (attribute === undefined || header.tag === reservedTag) return false;
  task.attribute = attribute;
  task.read = header.read === 1;
  task.write = header.write === 1;
  task.cdb.fill(0);
  task.cdb.set(header.cdb);
  task.cdbLength = Math.min(basicCdb, groups[Number(task.cdb[0]) >>> 5] ?? basicCdb);
  if (!task.write) task.dataInLength = task.read ? header.expectedLength : 0;
  else task.dataOutLength = header.expectedLength;
  if (ahs.length > 0 && !additionalHeaders(task, ahs)) return false;
  task.dataOutWanted = task.dataOutLength;
  return true;
}

function additionalHeaders(task: TargetTask, ahs: Uint8Array): boolean {
  for (let at = 0; at + AdditionalHeader.size <= ahs.length; ) {
    const { length, type } = AdditionalHeader.over(ahs.subarray(at));
    const end = at + 3 + length;
    if (length < 1 || end > ahs.length) return false;
    if (type === AdditionalHeaderType.extendedCdb) {
      const more = ahs.subarray(at + 4, end);
      if (more.length > task.cdb.length - basicCdb) return false;
      task.cdb.set(more, basicCdb);
      task.cdbLength = basicCdb + more.length;
    } else if (type === AdditionalHeaderType.readLength && task.read && task.write && length === 5) {
      task.dataInLength = ReadLength.over(ahs.subarray(at)).readLength;
    } else return false;
    at = (end + 3) & ~3;
  }
  return true;
}
