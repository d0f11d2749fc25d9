/** Commands to a LUN where there is no logical unit (SPC-4, "Incorrect logical unit numbers"; SAM-5). */

import { RequestSense } from './cdb.ts';
import { commandForm, commandSet } from './command-set.ts';
import { inquiryNoUnit } from './inquiry.ts';
import { DeviceType, Opcode } from './opcodes.ts';
import { invalidField, malformed, unknownLun } from './refusals.ts';
import { reportLuns } from './report-luns.ts';
import { encodeSense } from './sense-data.ts';
import type { ServerTask } from './server-task.ts';

const forms = commandSet(DeviceType.none);

/** INQUIRY and REQUEST SENSE say that there is nothing; REPORT LUNS at LUN 0 lists what there is; all else is refused. */
export function executeNoUnit(task: ServerTask, luns: readonly number[]): void {
  const { cdb } = task;
  const opcode = cdb[0];
  const answered =
    opcode === Opcode.inquiry ||
    opcode === Opcode.requestSense ||
    (opcode === Opcode.reportLuns && task.lun === 0);
  const form = answered ? commandForm(forms, cdb) : undefined;
  if (!form) {
    task.refuse(unknownLun);
    return;
  }
  const refusal = malformed(form, cdb, task.cdbLength);
  if (refusal) {
    task.refuse(refusal);
    return;
  }
  task.dataOutWanted = 0;
  if (opcode === Opcode.inquiry) inquiryNoUnit(task);
  else if (opcode === Opcode.reportLuns) reportLuns(task, luns);
  else requestSense(task);
}

/** GOOD, and the sense that any other command would be refused with. */
function requestSense(task: ServerTask): void {
  const { descriptorFormat, length } = RequestSense.decode(task.cdb);
  task.allocation = length;
  if (descriptorFormat) task.refuse(invalidField(1, 0));
  else task.good(encodeSense(unknownLun));
}
