/** MODE SENSE and MODE SELECT (SPC-4 §6.9 to §6.12). */

import type { ItlNexus } from '../itl-nexus.ts';
import { invalidField } from '../refusals.ts';
import { AdditionalSense, SenseKey } from '../sense.ts';
import type { ServerTask } from '../server-task.ts';
import * as cdb from './cdb.ts';
import { badParameter, type Disk, dataOut, type Handler, listTooShort } from './disk.ts';
import { PageControl } from './mode-pages.ts';

const allPages = 0x3f;
const allSubpages = 0xff;

interface Sense {
  readonly noBlockDescriptor: number;
  readonly pageControl: number;
  readonly page: number;
  readonly subpage: number;
  readonly length: number;
}

function parameters(task: ServerTask, disk: Disk, sense: Sense, header: 6 | 10): void {
  const { page, pageControl, subpage } = sense;
  task.dataOutWanted = 0;
  task.allocation = sense.length;
  if (pageControl === PageControl.saved) {
    const code = AdditionalSense.savingParametersNotSupported;
    task.refuse({ key: SenseKey.illegalRequest, code });
  } else if (page !== allPages && !disk.mode.has(page)) task.refuse(invalidField(2, 5));
  else if (subpage !== 0 && !(subpage === allSubpages)) task.refuse(invalidField(3));
  else {
    const { blocks, blockLength } = disk.medium;
    const descriptor = sense.noBlockDescriptor
      ? new Uint8Array(0)
      : cdb.BlockDescriptor.encode({ blocks: Math.min(blocks, 0xffffffff), blockLength });
    const body = Buffer.concat([descriptor, disk.mode.sense(page, pageControl)]);
    const flags = {
      writeProtected: disk.mode.writeProtected ? 1 : 0,
      forceUnit: 1,
      descriptors: descriptor.length,
    };
    const head =
      header === 6
        ? cdb.ModeHeader6.encode({ length: 3 + body.length, ...flags })
        : cdb.ModeHeader10.encode({ length: 6 + body.length, ...flags });
    task.good(Buffer.concat([head, body]));
  }
}

export const modeSense6: Handler = (task, disk) => parameters(task, disk, cdb.ModeSense6.over(task.cdb), 6);
export const modeSense10: Handler = (task, disk) =>
  parameters(task, disk, cdb.ModeSense10.over(task.cdb), 10);

function select(
  task: ServerTask,
  disk: Disk,
  itl: ItlNexus,
  how: { pageFormat: number; save: number; length: number },
  header: number,
): void {
  if (!how.pageFormat || how.save) {
    task.refuse(invalidField(1, how.save ? 0 : 4));
    return;
  }
  const list = dataOut(task, how.length);
  if (!list) return;
  if (list.length === 0) {
    task.good();
    return;
  }
  const descriptors = header === 4 ? Number(list[3]) : (Number(list[6]) << 8) | Number(list[7]);
  if (list.length < header + descriptors) {
    task.refuse(listTooShort, list.length);
    return;
  }
  const result = disk.mode.select(list.subarray(header + descriptors));
  if ('wrongAt' in result) {
    task.refuse(badParameter(header + descriptors + result.wrongAt), list.length);
    return;
  }
  if (result.changed) itl.tell(AdditionalSense.modeParametersChanged, (nexus) => nexus !== itl.nexus);
  task.good();
}

export const modeSelect6: Handler = (task, disk, itl) =>
  select(task, disk, itl, cdb.ModeSelect6.over(task.cdb), cdb.ModeHeader6.size);
export const modeSelect10: Handler = (task, disk, itl) =>
  select(task, disk, itl, cdb.ModeSelect10.over(task.cdb), cdb.ModeHeader10.size);
