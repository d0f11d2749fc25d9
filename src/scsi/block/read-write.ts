/** Reading, writing and comparing blocks (SBC-3 §5). */

import { invalidField } from '../refusals.ts';
import { AdditionalSense, SenseKey } from '../sense.ts';
import type { ServerTask } from '../server-task.ts';
import { Status } from '../status.ts';
import * as cdb from './cdb.ts';
import { type Disk, dataOut, type Extent, extentOf, type Handler, writable } from './disk.ts';

/** Most blocks of one command; VPD page B0h says so. */
export const maxTransferBlocks = 32768;
/** Most blocks of one WRITE ATOMIC. */
export const maxAtomicBlocks = 4096;
/** Most blocks that COMPARE AND WRITE compares. */
export const maxCompareBlocks = 255;

/** What CDBs of these commands have in common. */
interface Parameters {
  readonly lba: number | bigint;
  readonly count: number;
  readonly protect: number;
  readonly byteCheck: number;
}

/** Reads the CDB of a command in any of its lengths. */
type Reader = (bytes: Uint8Array) => Parameters;

export const read6: Reader = (bytes) => {
  const { lbaHigh, lba, length } = cdb.Access6.decode(bytes);
  return { lba: lbaHigh * 0x10000 + lba, count: length === 0 ? 256 : length, protect: 0, byteCheck: 0 };
};
const reader =
  (layout: {
    over(bytes: Uint8Array): { lba: number | bigint; length: number; protect?: number; byteCheck?: number };
  }): Reader =>
  (bytes) => {
    const { lba, length, protect = 0, byteCheck = 0 } = layout.over(bytes);
    return { lba, count: length, protect, byteCheck };
  };
export const access10 = reader(cdb.Access10);
export const access12 = reader(cdb.Access12);
export const access16 = reader(cdb.Access16);
export const check10 = reader(cdb.Check10);
export const check12 = reader(cdb.Check12);
export const check16 = reader(cdb.Check16);
export const cache10 = reader(cdb.Cache10);
export const cache16 = reader(cdb.Cache16);

/** Where the transfer length is in a CDB. */
const lengthAt = (task: ServerTask) => ({ 6: 4, 10: 7, 12: 6 })[task.cdbLength as 6 | 10 | 12] ?? 10;

/** The extent of a command that moves data, if all is well with it. */
function transfer(task: ServerTask, disk: Disk, { lba, count, protect }: Parameters): Extent | undefined {
  if (protect !== 0) task.refuse(invalidField(1, 7));
  else if (count > maxTransferBlocks) task.refuse(invalidField(lengthAt(task)));
  else return extentOf(task, disk, lba, count);
  return undefined;
}

export const read =
  (reader: Reader): Handler =>
  (task, disk) => {
    task.dataOutWanted = 0;
    const extent = transfer(task, disk, reader(task.cdb));
    if (!extent) return;
    const { blockLength, bytes } = disk.medium;
    task.allocation = extent.count * blockLength;
    task.complete(Status.good, undefined, bytes, extent.lba * blockLength, task.allocation);
  };

/** Takes the data of a command that brings whole blocks. */
function blocksOut(
  task: ServerTask,
  disk: Disk,
  parameters: Parameters,
): { extent: Extent; data: Uint8Array } | undefined {
  const extent = transfer(task, disk, parameters);
  const data = extent && dataOut(task, extent.count * disk.medium.blockLength);
  return extent && data && { extent, data };
}

export const write =
  (reader: Reader): Handler =>
  (task, disk) => {
    const parameters = reader(task.cdb);
    if (!writable(task, disk)) return;
    if (parameters.byteCheck > 1) {
      task.refuse(invalidField(1, 2)); // 3: one block to compare all with, which WRITE AND VERIFY has not
      return;
    }
    const extent = transfer(task, disk, parameters);
    if (!extent) return;
    const { blockLength } = disk.medium;
    task.dataOutWanted = extent.count * blockLength;
    // Less data than the CDB says: the whole blocks there are, and a residual (SAM-5 §5.4.3).
    const there = Math.floor(Math.min(task.dataOutWanted, task.dataOutLength) / blockLength) * blockLength;
    const from = task.dataOutOffset;
    if (there > 0) disk.medium.write(extent.lba, task.dataOut.subarray(from, from + there));
    task.good();
  };

/** The first byte where two runs differ; -1 when none does. */
function difference(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return -1;
  return a.findIndex((byte, i) => byte !== b[i]);
}

function miscompare(task: ServerTask, information: number, wanted: number): void {
  const code = AdditionalSense.miscompareDuringVerifyOperation;
  task.refuse({ key: SenseKey.miscompare, code, information }, wanted);
}

/** BYTCHK: 0 looks at the medium alone, 1 compares with data-out, 3 compares each block with the one that came. */
export const verify =
  (reader: Reader): Handler =>
  (task, disk) => {
    const parameters = reader(task.cdb);
    const { byteCheck, protect, lba, count } = parameters;
    task.dataOutWanted = 0;
    if (protect !== 0) task.refuse(invalidField(1, 7));
    else if (byteCheck === 2) task.refuse(invalidField(1, 2));
    else if (byteCheck === 3) verifyWithOne(task, disk, parameters);
    else if (byteCheck === 1) verifyAll(task, disk, parameters);
    else if (extentOf(task, disk, lba, count)) task.good();
  };

function verifyAll(task: ServerTask, disk: Disk, parameters: Parameters): void {
  const brought = blocksOut(task, disk, parameters);
  if (!brought) return;
  const { extent, data } = brought;
  const at = difference(disk.medium.read(extent.lba, extent.count), data);
  if (at < 0) task.good();
  else miscompare(task, at, data.length);
}

function verifyWithOne(task: ServerTask, disk: Disk, parameters: Parameters): void {
  const extent = transfer(task, disk, parameters);
  const data = extent && dataOut(task, extent.count === 0 ? 0 : disk.medium.blockLength);
  if (!extent || !data) return;
  for (let i = 0; i < extent.count; i++) {
    const at = difference(disk.medium.read(extent.lba + i, 1), data);
    if (at < 0) continue;
    miscompare(task, at, data.length);
    return;
  }
  task.good();
}

/** PRE-FETCH, SYNCHRONIZE CACHE: all is in memory anyway. No blocks means all to the end. */
export const touch =
  (reader: Reader, prefetch: boolean): Handler =>
  (task, disk) => {
    task.dataOutWanted = 0;
    const { lba, count } = reader(task.cdb);
    if (!extentOf(task, disk, lba, count)) return;
    if (prefetch) task.complete(Status.conditionMet);
    else task.good();
  };

/** All of it or nothing, which is how memory is written anyway; boundaries inside it are not had (SBC-4 §5.48). */
const atomically = write(reader(cdb.WriteAtomic16));
export const writeAtomic: Handler = (task, disk, itl) => {
  const { boundary, length } = cdb.WriteAtomic16.over(task.cdb);
  if (boundary !== 0) task.refuse(invalidField(10));
  else if (length > maxAtomicBlocks) task.refuse(invalidField(12));
  else atomically(task, disk, itl);
};

/** Compares the first half of data-out and, if it is the same, writes the second (SBC-3 §5.3). */
export const compareAndWrite: Handler = (task, disk) => {
  const { lba, length: count, protect } = cdb.CompareAndWrite.over(task.cdb);
  if (!writable(task, disk)) return;
  const extent = transfer(task, disk, { lba, count, protect, byteCheck: 0 });
  const half = count * disk.medium.blockLength;
  if (!extent) return;
  if (task.dataOutLength > 2 * half) {
    task.refuse(invalidField(13)); // two halves of other sizes would be compared and written
    return;
  }
  const data = dataOut(task, 2 * half);
  if (!data) return;
  const at = difference(disk.medium.read(extent.lba, count), data.subarray(0, half));
  if (at >= 0) {
    miscompare(task, at, data.length);
    return;
  }
  disk.medium.write(extent.lba, data.subarray(half));
  task.good();
};

/** ORWRITE(16), set operation (SBC-3 §5.7). */
export const orWrite: Handler = (task, disk) => {
  if (!writable(task, disk)) return;
  const brought = blocksOut(task, disk, access16(task.cdb));
  if (!brought) return;
  const { extent, data } = brought;
  const merged = disk.medium.read(extent.lba, extent.count).slice();
  for (let i = 0; i < merged.length; i++) merged[i] = Number(merged[i]) | Number(data[i]);
  disk.medium.write(extent.lba, merged);
  task.good();
};
