/** A RAM disk: a direct access block device (SBC-3) whose blocks are memory. */

import { bits, struct, u8, u16, u32, u64 } from '../../bytes/fields.ts';
import type { Command, Nexus } from '../command.ts';
import { byOpcode, type CommandForm, form, primary } from '../command-set.ts';
import type { ItlNexus } from '../itl-nexus.ts';
import { type Identity, LogicalUnit, type UnitModel } from '../logical-unit.ts';
import type { MessageService } from '../message-service.ts';
import { BlockOpcode, DeviceType, Opcode } from '../opcodes.ts';
import type { ServerTask } from '../server-task.ts';
import * as cdb from './cdb.ts';
import { readDefectData10, readDefectData12 } from './defects.ts';
import type { Disk, Handler } from './disk.ts';
import { Medium } from './medium.ts';
import { modeSelect6, modeSelect10, modeSense6, modeSense10 } from './mode.ts';
import { ModePages } from './mode-pages.ts';
import * as provisioning from './provisioning.ts';
import * as rw from './read-write.ts';
import { noMedium, preventAllow, Removal, startStopUnit } from './removal.ts';
import { type Access, Reservations } from './reservations.ts';
import { persistentReserveIn, persistentReserveOut, release6, reserve6 } from './reserve.ts';

/** SPC-4. */
const version = 6;
/** SAM-5, SPC-4, SBC-3. */
const standards = [0x00a0, 0x0460, 0x04c0] as const;

interface BlockCommand {
  readonly form: CommandForm;
  readonly access: Access;
  readonly handler: Handler;
}

const command = (
  layout: Parameters<typeof form>[0],
  opcode: number,
  access: Access,
  handler: Handler,
  action?: number,
): BlockCommand => ({ form: form(layout, opcode, action === undefined ? {} : { action }), access, handler });

const op = BlockOpcode;
const commands: readonly BlockCommand[] = [
  command(cdb.Access6, op.read6, 'read', rw.read(rw.read6)),
  command(cdb.Access10, op.read10, 'read', rw.read(rw.access10)),
  command(cdb.Access12, op.read12, 'read', rw.read(rw.access12)),
  command(cdb.Access16, op.read16, 'read', rw.read(rw.access16)),
  command(cdb.Access6, op.write6, 'write', rw.write(rw.read6)),
  command(cdb.Access10, op.write10, 'write', rw.write(rw.access10)),
  command(cdb.Access12, op.write12, 'write', rw.write(rw.access12)),
  command(cdb.Access16, op.write16, 'write', rw.write(rw.access16)),
  command(cdb.Check10, op.writeAndVerify10, 'write', rw.write(rw.check10)),
  command(cdb.Check12, op.writeAndVerify12, 'write', rw.write(rw.check12)),
  command(cdb.Check16, op.writeAndVerify16, 'write', rw.write(rw.check16)),
  command(cdb.Check10, op.verify10, 'read', rw.verify(rw.check10)),
  command(cdb.Check12, op.verify12, 'read', rw.verify(rw.check12)),
  command(cdb.Check16, op.verify16, 'read', rw.verify(rw.check16)),
  command(cdb.Cache10, op.preFetch10, 'read', rw.touch(rw.cache10, true)),
  command(cdb.Cache16, op.preFetch16, 'read', rw.touch(rw.cache16, true)),
  command(cdb.Cache10, op.synchronizeCache10, 'write', rw.touch(rw.cache10, false)),
  command(cdb.Cache16, op.synchronizeCache16, 'write', rw.touch(rw.cache16, false)),
  command(cdb.CompareAndWrite, op.compareAndWrite, 'write', rw.compareAndWrite),
  command(cdb.WriteAtomic16, op.writeAtomic16, 'write', rw.writeAtomic),
  command(cdb.ReadDefectData10, op.readDefectData10, 'free', readDefectData10),
  command(cdb.ReadDefectData12, op.readDefectData12, 'free', readDefectData12),
  command(cdb.Access16, op.orWrite16, 'write', rw.orWrite),
  command(cdb.WriteSame10, op.writeSame10, 'write', provisioning.writeSame10),
  command(cdb.WriteSame16, op.writeSame16, 'write', provisioning.writeSame16),
  command(cdb.Unmap, op.unmap, 'write', provisioning.unmap),
  command(cdb.ReadCapacity10, op.readCapacity10, 'free', provisioning.readCapacity10),
  command(cdb.ServiceActionIn16, op.serviceActionIn16, 'free', provisioning.readCapacity16, 0x10),
  command(cdb.ServiceActionIn16, op.serviceActionIn16, 'read', provisioning.getLbaStatus, 0x12),
  command(cdb.StartStopUnit, op.startStopUnit, 'write', startStopUnit),
  command(cdb.PreventAllow, op.preventAllowMediumRemoval, 'write', preventAllow),
  command(cdb.Reserve6, op.reserve6, 'free', reserve6),
  command(cdb.Reserve6, op.release6, 'free', release6),
  command(cdb.ModeSense6, op.modeSense6, 'read', modeSense6),
  command(cdb.ModeSense10, op.modeSense10, 'read', modeSense10),
  command(cdb.ModeSelect6, op.modeSelect6, 'write', modeSelect6),
  command(cdb.ModeSelect10, op.modeSelect10, 'write', modeSelect10),
  ...[0, 1, 2, 3].map((action) =>
    command(cdb.PersistentReserveIn, op.persistentReserveIn, 'free', persistentReserveIn, action),
  ),
  ...[0, 1, 2, 3, 4, 5, 6].map((action) =>
    command(cdb.PersistentReserveOut, op.persistentReserveOut, 'free', persistentReserveOut, action),
  ),
];
const byForm = new Map(commands.map((one) => [one.form, one]));
const blockOpcodes = new Set(commands.map((one) => one.form.opcode));
const forms = byOpcode([...primary, ...commands.map((one) => one.form)]);

/** Never stopped by RESERVE(6) of another (SPC-2 table 9). */
const alwaysFree: ReadonlySet<number> = new Set([
  Opcode.inquiry,
  Opcode.reportLuns,
  Opcode.requestSense,
  op.release6,
]);

/** Commands beside those that all devices have that do without a medium; TEST UNIT READY does not. */
const withoutMedium: ReadonlySet<number> = new Set([
  op.startStopUnit,
  op.preventAllowMediumRemoval,
  op.reserve6,
  op.release6,
  op.modeSense6,
  op.modeSense10,
  op.modeSelect6,
  op.modeSelect10,
  op.persistentReserveIn,
  op.persistentReserveOut,
]);
const needsMedium = (opcode: number): boolean =>
  opcode === Opcode.testUnitReady || (blockOpcodes.has(opcode) && !withoutMedium.has(opcode));

/** VPD page B0h (SBC-3 §6.5.3), without its header. */
const BlockLimits = struct('block limits', 60, {
  maxCompare: u8(1),
  optimalGranularity: u16(2),
  maxTransfer: u32(4),
  optimalTransfer: u32(8),
  maxUnmapBlocks: u32(16),
  maxUnmapDescriptors: u32(20),
  unmapGranularity: u32(24),
  maxWriteSame: u64(32),
  maxAtomic: u32(40),
});

/** VPD page B2h (SBC-3 §6.5.4), without its header. */
const Provisioning = struct('logical block provisioning', 4, {
  unmap: bits(1, 7), // LBPU
  writeSame16: bits(1, 6), // LBPWS
  writeSame10: bits(1, 5), // LBPWS10
  readsZeros: bits(1, 2), // LBPRZ
  type: bits(2, 2, 0),
});
const thin = 2;

const pages: ReadonlyMap<number, () => Uint8Array> = new Map([
  [
    0xb0,
    () =>
      BlockLimits.encode({
        maxCompare: rw.maxCompareBlocks,
        optimalGranularity: 1,
        maxTransfer: rw.maxTransferBlocks,
        optimalTransfer: 512,
        maxUnmapBlocks: provisioning.maxUnmapBlocks,
        maxUnmapDescriptors: provisioning.maxUnmapDescriptors,
        unmapGranularity: 1,
        maxAtomic: rw.maxAtomicBlocks,
        maxWriteSame: BigInt(provisioning.maxWriteSameBlocks),
      }),
  ],
  [0xb1, () => Uint8Array.of(0, 1, ...new Array<number>(58).fill(0))], // a medium that does not turn
  [0xb2, () => Provisioning.encode({ unmap: 1, writeSame16: 1, writeSame10: 1, readsZeros: 1, type: thin })],
]);

class BlockModel implements UnitModel {
  readonly commands = forms;
  readonly standards = standards;
  readonly pages = pages;
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  admits(task: ServerTask, { nexus, unit }: ItlNexus): boolean {
    const { reservations } = this.#disk;
    const opcode = Number(task.cdb[0]);
    const { reserved } = reservations;
    if (reserved && reserved !== nexus && !alwaysFree.has(opcode)) return false;
    if (!reservations.holding) return true;
    const found = commands.find((one) => one.form.opcode === opcode);
    return reservations.allows(nexus.name, found && unit.model === this ? found.access : 'free');
  }

  get removable(): boolean {
    return this.#disk.removal.removable;
  }

  execute(task: ServerTask, itl: ItlNexus, one: CommandForm): boolean {
    if (this.#disk.removal.ejected && needsMedium(one.opcode)) {
      task.refuse(noMedium);
      return true;
    }
    const found = byForm.get(one);
    found?.handler(task, this.#disk, itl);
    return found !== undefined;
  }

  reset(): void {
    this.#disk.reservations.reserved = undefined;
    this.#disk.mode.reset();
    this.#disk.removal.preventing.clear();
  }

  nexusLost(nexus: Nexus): void {
    this.#disk.removal.preventing.delete(nexus);
    if (this.#disk.reservations.reserved === nexus) this.#disk.reservations.reserved = undefined;
  }
}

/** Block devices have no messages. */
const noMessages: MessageService = {
  send: (one: Command) => one.abandon(),
  get: (one: Command) => one.abandon(),
  cancelled: () => undefined,
};

export interface RamDiskOptions {
  readonly identity: Identity;
  readonly blocks: number;
  /** Bytes of a block; 512 unless told. */
  readonly blockLength?: number;
  /** Logical blocks in a physical one, as a power of two; 0 unless told. Only reported. */
  readonly physicalExponent?: number;
  /** START STOP UNIT can take the medium out, and back in. */
  readonly removable?: boolean;
}

/** A disk in memory, full of zeros. @throws RangeError */
export function ramDisk(options: RamDiskOptions): LogicalUnit {
  const medium = new Medium(options.blocks, options.blockLength ?? 512, options.physicalExponent ?? 0);
  const removal = new Removal(options.removable ?? false);
  const disk: Disk = { medium, mode: new ModePages(), reservations: new Reservations(), removal };
  const identity = { version, ...options.identity };
  return new LogicalUnit(DeviceType.block, { identity, service: noMessages }, new BlockModel(disk));
}
