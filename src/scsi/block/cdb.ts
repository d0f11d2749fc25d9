/** CDBs of block devices (SBC-3 §5), and of the SPC-4 commands that only they have here. */

import { bits, struct, u8, u16, u24, u32, u64 } from '../../bytes/fields.ts';

/** READ(6), WRITE(6). */
export const Access6 = struct('READ(6) or WRITE(6)', 6, {
  opcode: u8(0),
  lbaHigh: bits(1, 4, 0),
  lba: u16(2),
  length: u8(4),
  control: u8(5),
});

/** READ(10), WRITE(10), VERIFY(10), WRITE AND VERIFY(10), PRE-FETCH(10), SYNCHRONIZE CACHE(10), WRITE SAME(10). */
const access10 = { opcode: u8(0), lba: u32(2), group: bits(6, 4, 0), length: u16(7), control: u8(9) };
const access12 = { opcode: u8(0), lba: u32(2), length: u32(6), group: bits(10, 4, 0), control: u8(11) };
const access16 = { opcode: u8(0), lba: u64(2), length: u32(10), group: bits(14, 4, 0), control: u8(15) };
const protect = { protect: bits(1, 7, 5) };
const cached = { ...protect, pageOut: bits(1, 4), forceUnit: bits(1, 3) }; // DPO, FUA
const checked = { ...protect, pageOut: bits(1, 4), byteCheck: bits(1, 2, 1) }; // BYTCHK
const immediate = { nonVolatile: bits(1, 2), immediate: bits(1, 1) }; // SYNC_NV, of SYNCHRONIZE CACHE alone
const same = { ...protect, anchor: bits(1, 4), unmap: bits(1, 3) };

export const Access10 = struct('READ(10) or WRITE(10)', 10, { ...access10, ...cached });
export const Access12 = struct('READ(12) or WRITE(12)', 12, { ...access12, ...cached });
export const Access16 = struct('READ(16) or WRITE(16)', 16, { ...access16, ...cached });
export const Check10 = struct('VERIFY(10) or WRITE AND VERIFY(10)', 10, { ...access10, ...checked });
export const Check12 = struct('VERIFY(12) or WRITE AND VERIFY(12)', 12, { ...access12, ...checked });
export const Check16 = struct('VERIFY(16) or WRITE AND VERIFY(16)', 16, { ...access16, ...checked });
export const Cache10 = struct('PRE-FETCH(10) or SYNCHRONIZE CACHE(10)', 10, { ...access10, ...immediate });
export const Cache16 = struct('PRE-FETCH(16) or SYNCHRONIZE CACHE(16)', 16, { ...access16, ...immediate });
export const WriteSame10 = struct('WRITE SAME(10)', 10, { ...access10, ...same });
export const WriteSame16 = struct('WRITE SAME(16)', 16, { ...access16, ...same, noData: bits(1, 0) }); // NDOB

export const CompareAndWrite = struct('COMPARE AND WRITE', 16, {
  opcode: u8(0),
  ...cached,
  lba: u64(2),
  length: u8(13),
  group: bits(14, 4, 0),
  control: u8(15),
});

/** SBC-4. */
export const WriteAtomic16 = struct('WRITE ATOMIC(16)', 16, {
  opcode: u8(0),
  ...cached,
  lba: u64(2),
  boundary: u16(10),
  length: u16(12),
  group: bits(14, 4, 0),
  control: u8(15),
});

const defects = { opcode: u8(0), primary: bits(2, 4), grown: bits(2, 3), format: bits(2, 2, 0) };
export const ReadDefectData10 = struct('READ DEFECT DATA(10)', 10, {
  ...defects,
  length: u16(7),
  control: u8(9),
});
export const ReadDefectData12 = struct('READ DEFECT DATA(12)', 12, {
  opcode: u8(0),
  primary: bits(1, 4),
  grown: bits(1, 3),
  format: bits(1, 2, 0),
  index: u32(2),
  length: u32(6),
  control: u8(11),
});

export const ReadCapacity10 = struct('READ CAPACITY(10)', 10, { opcode: u8(0), lba: u32(2), control: u8(9) });

/** READ CAPACITY(16) and GET LBA STATUS. */
export const ServiceActionIn16 = struct('SERVICE ACTION IN(16)', 16, {
  opcode: u8(0),
  action: bits(1, 4, 0),
  lba: u64(2),
  length: u32(10),
  control: u8(15),
});

export const Unmap = struct('UNMAP', 10, {
  opcode: u8(0),
  anchor: bits(1, 0),
  group: bits(6, 4, 0),
  length: u16(7),
  control: u8(9),
});

export const StartStopUnit = struct('START STOP UNIT', 6, {
  opcode: u8(0),
  immediate: bits(1, 0),
  modifier: bits(3, 3, 0),
  powerCondition: bits(4, 7, 4),
  noFlush: bits(4, 2),
  loadEject: bits(4, 1),
  start: bits(4, 0),
  control: u8(5),
});

export const PreventAllow = struct('PREVENT ALLOW MEDIUM REMOVAL', 6, {
  opcode: u8(0),
  prevent: bits(4, 1, 0),
  control: u8(5),
});

/** RESERVE(6), RELEASE(6): SPC-2, of which only the whole unit is left. */
export const Reserve6 = struct('RESERVE(6) or RELEASE(6)', 6, { opcode: u8(0), control: u8(5) });

export const ModeSense6 = struct('MODE SENSE(6)', 6, {
  opcode: u8(0),
  noBlockDescriptor: bits(1, 3), // DBD
  pageControl: bits(2, 7, 6),
  page: bits(2, 5, 0),
  subpage: u8(3),
  length: u8(4),
  control: u8(5),
});

export const ModeSense10 = struct('MODE SENSE(10)', 10, {
  opcode: u8(0),
  longLba: bits(1, 4), // LLBAA
  noBlockDescriptor: bits(1, 3),
  pageControl: bits(2, 7, 6),
  page: bits(2, 5, 0),
  subpage: u8(3),
  length: u16(7),
  control: u8(9),
});

const select = { opcode: u8(0), pageFormat: bits(1, 4), save: bits(1, 0) };
export const ModeSelect6 = struct('MODE SELECT(6)', 6, { ...select, length: u8(4), control: u8(5) });
export const ModeSelect10 = struct('MODE SELECT(10)', 10, { ...select, length: u16(7), control: u8(9) });

export const PersistentReserveIn = struct('PERSISTENT RESERVE IN', 10, {
  opcode: u8(0),
  action: bits(1, 4, 0),
  length: u16(7),
  control: u8(9),
});

export const PersistentReserveOut = struct('PERSISTENT RESERVE OUT', 10, {
  opcode: u8(0),
  action: bits(1, 4, 0),
  scope: bits(2, 7, 4),
  type: bits(2, 3, 0),
  length: u32(5),
  control: u8(9),
});

/** READ CAPACITY(16) parameter data (SBC-3 §5.16). */
export const Capacity16 = struct('READ CAPACITY(16) data', 32, {
  lastLba: u64(0),
  blockLength: u32(8),
  physicalExponent: bits(13, 3, 0),
  provisioned: bits(14, 7), // LBPME
  readsZeros: bits(14, 6), // LBPRZ
});
export const Capacity10 = struct('READ CAPACITY(10) data', 8, { lastLba: u32(0), blockLength: u32(4) });

/** GET LBA STATUS parameter data with one descriptor (SBC-3 §5.6). */
export const LbaStatus = struct('GET LBA STATUS data', 24, {
  length: u32(0),
  lba: u64(8),
  blocks: u32(16),
  state: bits(20, 3, 0),
});

/** UNMAP parameter list (SBC-3 §5.28). */
export const UnmapHeader = struct('UNMAP parameter list header', 8, { length: u16(0), descriptors: u16(2) });
export const UnmapDescriptor = struct('UNMAP block descriptor', 16, { lba: u64(0), blocks: u32(8) });

/** PERSISTENT RESERVE OUT parameter list (SPC-4 §6.14). */
export const ReserveParameters = struct('PERSISTENT RESERVE OUT parameters', 24, {
  key: u64(0),
  actionKey: u64(8),
  specified: bits(20, 3), // SPEC_I_PT
  allPorts: bits(20, 2), // ALL_TG_PT
  throughPowerLoss: bits(20, 0), // APTPL
});

/** Mode parameter headers (SPC-4 §7.5.5), short block descriptor (SBC-3 §6.4.2.2). */
export const ModeHeader6 = struct('mode parameter header(6)', 4, {
  length: u8(0),
  writeProtected: bits(2, 7),
  forceUnit: bits(2, 4), // DPOFUA
  descriptors: u8(3),
});
export const ModeHeader10 = struct('mode parameter header(10)', 8, {
  length: u16(0),
  writeProtected: bits(3, 7),
  forceUnit: bits(3, 4),
  descriptors: u16(6),
});
export const BlockDescriptor = struct('block descriptor', 8, { blocks: u32(0), blockLength: u24(5) });
