/**
 * For tests only. libiscsi's iscsi-test-cu goes no further when READ CAPACITY(10) fails on the logical unit it is given, so
 * a device that is no disk answers it here, and is else as it is.
 */

import type { Nexus, Target, TaskManagement } from '../../src/scsi/command.ts';
import { BlockOpcode } from '../../src/scsi/opcodes.ts';
import { Status } from '../../src/scsi/status.ts';

/** READ CAPACITY(10) parameter data (SBC-3 §5.15.2): one block of 512 bytes. */
const capacity = Uint8Array.of(0, 0, 0, 0, 0, 0, 2, 0);

/** The same device, whose logical unit `lun` answers READ CAPACITY(10). */
export const measured = (device: Target, lun: number): Target => ({
  command(command) {
    if (command.lun === lun && command.cdb[0] === BlockOpcode.readCapacity10)
      command.complete(Status.good, undefined, capacity);
    else device.command(command);
  },
  manage: (nexus: Nexus, what: TaskManagement, at: number, tag: number) =>
    device.manage(nexus, what, at, tag),
  nexusEstablished: (nexus) => device.nexusEstablished(nexus),
  nexusLost: (nexus) => device.nexusLost(nexus),
});
