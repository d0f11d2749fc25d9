/** What the handlers of a RAM disk share. */

import type { ItlNexus } from '../itl-nexus.ts';
import { AdditionalSense, SenseKey } from '../sense.ts';
import type { Refusal } from '../sense-data.ts';
import type { ServerTask } from '../server-task.ts';
import type { Medium } from './medium.ts';
import type { ModePages } from './mode-pages.ts';
import type { Removal } from './removal.ts';
import type { Reservations } from './reservations.ts';

export interface Disk {
  readonly medium: Medium;
  readonly mode: ModePages;
  readonly reservations: Reservations;
  readonly removal: Removal;
}

export type Handler = (task: ServerTask, disk: Disk, itl: ItlNexus) => void;

const illegal = (code: AdditionalSense): Refusal => ({ key: SenseKey.illegalRequest, code });
export const outOfRange = illegal(AdditionalSense.logicalBlockAddressOutOfRange);
export const listTooShort = illegal(AdditionalSense.parameterListLengthError);
/** The initiator has less data than the CDB says, or more where that matters. */
export const wrongDataLength = illegal(AdditionalSense.invalidFieldInCommandInformationUnit);
export const badParameter = (byte: number): Refusal => ({
  ...illegal(AdditionalSense.invalidFieldInParameterList),
  pointer: { in: 'data', byte },
});
const writeProtected: Refusal = {
  key: SenseKey.dataProtect,
  code: AdditionalSense.logicalUnitSoftwareWriteProtected,
};

/** Blocks that a command is about. */
export interface Extent {
  readonly lba: number;
  readonly count: number;
}

/** The extent, if it lies on the medium; else the command is refused. */
export function extentOf(
  task: ServerTask,
  disk: Disk,
  lba: number | bigint,
  count: number,
): Extent | undefined {
  const first = Number(lba);
  if (first + count <= disk.medium.blocks && first <= disk.medium.blocks) return { lba: first, count };
  task.refuse(outOfRange);
  return undefined;
}

/** True if the medium may be written; else the command is refused. */
export function writable(task: ServerTask, disk: Disk): boolean {
  if (!disk.mode.writeProtected) return true;
  task.refuse(writeProtected);
  return false;
}

/** The first `length` bytes of data-out; if there are fewer, the command is refused. */
export function dataOut(task: ServerTask, length: number): Uint8Array | undefined {
  task.dataOutWanted = length;
  if (task.dataOutLength < length) {
    task.refuse(wrongDataLength, length);
    return undefined;
  }
  return task.dataOut.subarray(task.dataOutOffset, task.dataOutOffset + length);
}
