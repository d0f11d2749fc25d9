/** The layouts of block devices. In the golden bytes every whole field holds its own offset, so that a slip shows. */

import { hex } from '../../bytes/hex.ts';
import { layout } from '../../bytes/testing-layout.ts';
import * as cdb from './cdb.ts';

layout('SBC-3', cdb.Access10, hex`00580202 02020207 0700`, {
  opcode: 0,
  lba: 0x2020202,
  group: 2,
  length: 0x707,
  control: 0,
  protect: 2,
  pageOut: 1,
  forceUnit: 1,
});
layout('SBC-3', cdb.Access12, hex`00580202 02020606 06060200`, {
  opcode: 0,
  lba: 0x2020202,
  length: 0x6060606,
  group: 2,
  control: 0,
  protect: 2,
  pageOut: 1,
  forceUnit: 1,
});
layout('SBC-3', cdb.Access16, hex`00580202 02020202 02020a0a 0a0a0200`, {
  opcode: 0,
  lba: 0x202020202020202n,
  length: 0xa0a0a0a,
  group: 2,
  control: 0,
  protect: 2,
  pageOut: 1,
  forceUnit: 1,
});
layout('SBC-3', cdb.Access6, hex`00020202 0400`, {
  opcode: 0,
  lbaHigh: 2,
  lba: 0x202,
  length: 4,
  control: 0,
});
layout('SBC-3', cdb.BlockDescriptor, hex`00000000 00050505`, { blocks: 0, blockLength: 0x50505 });
layout('SBC-3', cdb.Cache10, hex`00060202 02020207 0700`, {
  opcode: 0,
  lba: 0x2020202,
  group: 2,
  length: 0x707,
  control: 0,
  nonVolatile: 1,
  immediate: 1,
});
layout('SBC-3', cdb.Cache16, hex`00060202 02020202 02020a0a 0a0a0200`, {
  opcode: 0,
  lba: 0x202020202020202n,
  length: 0xa0a0a0a,
  group: 2,
  control: 0,
  nonVolatile: 1,
  immediate: 1,
});
layout('SBC-3', cdb.Capacity10, hex`00000000 04040404`, { lastLba: 0, blockLength: 0x4040404 });
layout(
  'SBC-3',
  cdb.Capacity16,
  hex`00000000 00000000 08080808 0002c000 00000000 00000000 00000000 00000000`,
  { lastLba: 0x0n, blockLength: 0x8080808, physicalExponent: 2, provisioned: 1, readsZeros: 1 },
);
layout('SBC-3', cdb.Check10, hex`00540202 02020207 0700`, {
  opcode: 0,
  lba: 0x2020202,
  group: 2,
  length: 0x707,
  control: 0,
  protect: 2,
  pageOut: 1,
  byteCheck: 2,
});
layout('SBC-3', cdb.Check12, hex`00540202 02020606 06060200`, {
  opcode: 0,
  lba: 0x2020202,
  length: 0x6060606,
  group: 2,
  control: 0,
  protect: 2,
  pageOut: 1,
  byteCheck: 2,
});
layout('SBC-3', cdb.Check16, hex`00540202 02020202 02020a0a 0a0a0200`, {
  opcode: 0,
  lba: 0x202020202020202n,
  length: 0xa0a0a0a,
  group: 2,
  control: 0,
  protect: 2,
  pageOut: 1,
  byteCheck: 2,
});
layout('SBC-3', cdb.CompareAndWrite, hex`00580202 02020202 02020000 000d0200`, {
  opcode: 0,
  protect: 2,
  pageOut: 1,
  forceUnit: 1,
  lba: 0x202020202020202n,
  length: 0xd,
  group: 2,
  control: 0,
});
layout('SBC-3', cdb.LbaStatus, hex`00000000 00000000 08080808 08080808 10101010 02000000`, {
  length: 0,
  lba: 0x808080808080808n,
  blocks: 0x10101010,
  state: 2,
});
layout('SPC-4', cdb.ModeHeader10, hex`00000090 00000606`, {
  length: 0,
  writeProtected: 1,
  forceUnit: 1,
  descriptors: 0x606,
});
layout('SPC-4', cdb.ModeHeader6, hex`00009003`, {
  length: 0,
  writeProtected: 1,
  forceUnit: 1,
  descriptors: 3,
});
layout('SPC-4', cdb.ModeSelect10, hex`00110000 00000007 0700`, {
  opcode: 0,
  pageFormat: 1,
  save: 1,
  length: 0x707,
  control: 0,
});
layout('SPC-4', cdb.ModeSelect6, hex`00110000 0400`, {
  opcode: 0,
  pageFormat: 1,
  save: 1,
  length: 4,
  control: 0,
});
layout('SPC-4', cdb.ModeSense10, hex`00188203 00000007 0700`, {
  opcode: 0,
  longLba: 1,
  noBlockDescriptor: 1,
  pageControl: 2,
  page: 2,
  subpage: 3,
  length: 0x707,
  control: 0,
});
layout('SPC-4', cdb.ModeSense6, hex`00088203 0400`, {
  opcode: 0,
  noBlockDescriptor: 1,
  pageControl: 2,
  page: 2,
  subpage: 3,
  length: 4,
  control: 0,
});
layout('SPC-4', cdb.PersistentReserveIn, hex`00020000 00000007 0700`, {
  opcode: 0,
  action: 2,
  length: 0x707,
  control: 0,
});
layout('SPC-4', cdb.PersistentReserveOut, hex`00022200 00050505 0500`, {
  opcode: 0,
  action: 2,
  scope: 2,
  type: 2,
  length: 0x5050505,
  control: 0,
});
layout('SPC-4', cdb.PreventAllow, hex`00000000 0200`, { opcode: 0, prevent: 2, control: 0 });
layout('SBC-3', cdb.ReadCapacity10, hex`00000202 02020000 0000`, { opcode: 0, lba: 0x2020202, control: 0 });
layout('SPC-4', cdb.Reserve6, hex`00000000 0000`, { opcode: 0, control: 0 });
layout('SPC-4', cdb.ReserveParameters, hex`00000000 00000000 08080808 08080808 00000000 0d000000`, {
  key: 0x0n,
  actionKey: 0x808080808080808n,
  specified: 1,
  allPorts: 1,
  throughPowerLoss: 1,
});
layout('SBC-3', cdb.ServiceActionIn16, hex`00020202 02020202 02020a0a 0a0a0000`, {
  opcode: 0,
  action: 2,
  lba: 0x202020202020202n,
  length: 0xa0a0a0a,
  control: 0,
});
layout('SBC-3', cdb.StartStopUnit, hex`00010002 2700`, {
  opcode: 0,
  immediate: 1,
  modifier: 2,
  powerCondition: 2,
  noFlush: 1,
  loadEject: 1,
  start: 1,
  control: 0,
});
layout('SBC-3', cdb.Unmap, hex`00010000 00000207 0700`, {
  opcode: 0,
  anchor: 1,
  group: 2,
  length: 0x707,
  control: 0,
});
layout('SBC-3', cdb.UnmapDescriptor, hex`00000000 00000000 08080808 00000000`, {
  lba: 0x0n,
  blocks: 0x8080808,
});
layout('SBC-3', cdb.UnmapHeader, hex`00000202 00000000`, { length: 0, descriptors: 0x202 });
layout('SBC-3', cdb.WriteSame10, hex`00580202 02020207 0700`, {
  opcode: 0,
  lba: 0x2020202,
  group: 2,
  length: 0x707,
  control: 0,
  protect: 2,
  anchor: 1,
  unmap: 1,
});
layout('SBC-3', cdb.WriteSame16, hex`00590202 02020202 02020a0a 0a0a0200`, {
  opcode: 0,
  lba: 0x202020202020202n,
  length: 0xa0a0a0a,
  group: 2,
  control: 0,
  protect: 2,
  anchor: 1,
  unmap: 1,
  noData: 1,
});
layout('SBC-3', cdb.ReadDefectData10, hex`00001a00 00000007 0700`, {
  opcode: 0,
  primary: 1,
  grown: 1,
  format: 2,
  length: 0x707,
  control: 0,
});
layout('SBC-3', cdb.ReadDefectData12, hex`001a0202 02020606 06060000`, {
  opcode: 0,
  primary: 1,
  grown: 1,
  format: 2,
  index: 0x2020202,
  length: 0x6060606,
  control: 0,
});
layout('SBC-4', cdb.WriteAtomic16, hex`00580202 02020202 02020a0a 0c0c0200`, {
  opcode: 0,
  protect: 2,
  pageOut: 1,
  forceUnit: 1,
  lba: 0x202020202020202n,
  boundary: 0xa0a,
  length: 0xc0c,
  group: 2,
  control: 0,
});
