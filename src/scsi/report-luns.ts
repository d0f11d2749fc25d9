/** REPORT LUNS (SPC-4). */

import { struct, u16, u32 } from '../bytes/fields.ts';
import { ReportLuns } from './cdb.ts';
import { invalidField } from './refusals.ts';
import type { ServerTask } from './server-task.ts';

/** What comes before the list. */
const LunListHeader = struct('LUN list', 8, { length: u32(0) });

/** SELECT REPORT: which logical units; we have no well known ones. */
const SelectReport = { addressable: 0, wellKnown: 1, all: 2 } as const;

const peripheral = 0x0000;
const flat = 0x4000;

/** One LUN of eight bytes: peripheral device addressing up to 255, flat space addressing above (SAM-5 §4.7). */
const LunEntry = struct('LUN', 8, { address: u16(0) });

/** Answers with the LUNs given. */
export function reportLuns(task: ServerTask, luns: readonly number[]): void {
  const { select, length } = ReportLuns.decode(task.cdb);
  task.allocation = length;
  if (select > SelectReport.all) {
    task.refuse(invalidField(2));
    return;
  }
  if (length < 16) {
    task.refuse(invalidField(6));
    return;
  }
  const listed = select === SelectReport.wellKnown ? [] : luns;
  const data = new Uint8Array(LunListHeader.size + LunEntry.size * listed.length);
  LunListHeader.encode({ length: LunEntry.size * listed.length }, data);
  for (const [i, lun] of listed.entries()) {
    const at = LunListHeader.size + LunEntry.size * i;
    LunEntry.encode({ address: lun < 0x100 ? peripheral | lun : flat | lun }, data.subarray(at));
  }
  task.good(data);
}
