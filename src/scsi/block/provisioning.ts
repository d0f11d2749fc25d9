/** Logical block provisioning and capacity (SBC-3 §4.7, §5.6, §5.15, §5.16, §5.28, §5.43). */

import { BlockOpcode } from '../opcodes.ts';
import { invalidField } from '../refusals.ts';
import type { ServerTask } from '../server-task.ts';
import * as cdb from './cdb.ts';
import {
  badParameter,
  type Disk,
  dataOut,
  extentOf,
  type Handler,
  listTooShort,
  outOfRange,
  writable,
  wrongDataLength,
} from './disk.ts';
import type { Medium } from './medium.ts';

/** Most blocks of one WRITE SAME; VPD page B0h says so. */
export const maxWriteSameBlocks = 32768;
/** Most blocks and descriptors of one UNMAP. */
export const maxUnmapBlocks = 1 << 20;
export const maxUnmapDescriptors = 256;

export const readCapacity10: Handler = (task, { medium }) => {
  task.dataOutWanted = 0;
  task.allocation = cdb.Capacity10.size;
  if (cdb.ReadCapacity10.over(task.cdb).lba !== 0) {
    task.refuse(invalidField(2));
    return;
  }
  const lastLba = Math.min(medium.blocks - 1, 0xffffffff);
  task.good(cdb.Capacity10.encode({ lastLba, blockLength: medium.blockLength }));
};

export const readCapacity16: Handler = (task, { medium }) => {
  const { lba, length } = cdb.ServiceActionIn16.over(task.cdb);
  task.dataOutWanted = 0;
  task.allocation = length;
  if (lba !== 0n) {
    task.refuse(invalidField(2));
    return;
  }
  const { blocks, blockLength, physicalExponent } = medium;
  task.good(
    cdb.Capacity16.encode({
      lastLba: BigInt(blocks - 1),
      blockLength,
      provisioned: 1,
      readsZeros: 1,
      physicalExponent,
    }),
  );
};

/** PROVISIONING STATUS. */
const mapped = 0;
const deallocated = 1;

export const getLbaStatus: Handler = (task, { medium }) => {
  const { lba, length } = cdb.ServiceActionIn16.over(task.cdb);
  const first = Number(lba);
  task.dataOutWanted = 0;
  task.allocation = length;
  if (first >= medium.blocks) {
    task.refuse(outOfRange);
    return;
  }
  const state = medium.isMapped(first) ? mapped : deallocated;
  task.good(cdb.LbaStatus.encode({ length: cdb.LbaStatus.size - 4, lba, blocks: medium.run(first), state }));
};

export const unmap: Handler = (task, disk) => {
  const { length, anchor } = cdb.Unmap.over(task.cdb);
  if (anchor) {
    task.refuse(invalidField(1, 0));
    return;
  }
  if (!writable(task, disk)) return;
  const list = dataOut(task, length);
  if (!list) return;
  if (length === 0) task.good();
  else if (length < cdb.UnmapHeader.size) task.refuse(listTooShort, length);
  else unmapAll(task, disk, list);
};

function unmapAll(task: ServerTask, disk: Disk, list: Uint8Array): void {
  const { descriptors: said } = cdb.UnmapHeader.over(list);
  const { size } = cdb.UnmapDescriptor;
  const count = Math.floor(Math.min(said, list.length - cdb.UnmapHeader.size) / size);
  const extents = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const { lba, blocks } = cdb.UnmapDescriptor.over(list.subarray(cdb.UnmapHeader.size + i * size));
    const extent = extentOf(task, disk, lba, blocks);
    if (!extent) return;
    total += blocks;
    extents.push(extent);
  }
  if (total > maxUnmapBlocks || count > maxUnmapDescriptors) {
    task.refuse(badParameter(2), list.length);
    return;
  }
  for (const extent of extents) disk.medium.unmap(extent.lba, extent.count);
  task.good();
}

export const writeSame10: Handler = (task, disk) => {
  const { lba, length, protect, anchor, unmap: wantsUnmap } = cdb.WriteSame10.over(task.cdb);
  writeSame(task, disk, { lba, length, protect, anchor, unmap: wantsUnmap, noData: 0 });
};

export const writeSame16: Handler = (task, disk) => {
  const { lba, length, protect, anchor, unmap: wantsUnmap, noData } = cdb.WriteSame16.over(task.cdb);
  writeSame(task, disk, { lba, length, protect, anchor, unmap: wantsUnmap, noData });
};

interface Same {
  readonly lba: number | bigint;
  readonly length: number;
  readonly protect: number;
  readonly anchor: number;
  readonly unmap: number;
  readonly noData: number;
}

/** What is wrong with the CDB's flags and length, if anything: the byte, and the bit. */
function wrongField(
  task: ServerTask,
  same: Same,
  count: number,
): readonly [byte: number, bit?: number] | undefined {
  if (same.protect !== 0) return [1, 7];
  if (same.anchor) return [1, 4];
  return count > maxWriteSameBlocks ? [task.cdb[0] === BlockOpcode.writeSame10 ? 7 : 10] : undefined;
}

function writeSame(task: ServerTask, disk: Disk, same: Same): void {
  const { medium } = disk;
  if (!writable(task, disk)) return;
  const extent = extentOf(task, disk, same.lba, same.length);
  if (!extent) return;
  const count = extent.count === 0 ? medium.blocks - extent.lba : extent.count; // 0: to the end (WSNZ=0)
  const wrong = wrongField(task, same, count);
  const expected = same.noData ? 0 : medium.blockLength;
  if (wrong) task.refuse(invalidField(...wrong));
  else if (task.dataOutLength > expected) task.refuse(wrongDataLength, expected);
  else {
    const block = dataOut(task, expected);
    if (!block) return;
    fill(medium, extent.lba, count, same, block);
    task.good();
  }
}

/** UNMAP=1 unmaps whatever the block holds, as other targets do; SBC-3 would have a block that is not zero written. */
function fill(medium: Medium, lba: number, count: number, same: Same, block: Uint8Array): void {
  if (same.unmap) {
    medium.unmap(lba, count);
    return;
  }
  const pattern = same.noData ? new Uint8Array(medium.blockLength) : block;
  for (let i = 0; i < count; i++) medium.write(lba + i, pattern);
}
