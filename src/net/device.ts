/** What other hosts find at our ID: a communications device whose messages are the link's. */

import { messageBufferId } from '../link/command-set.ts';
import { extensionsPage } from '../link/extensions.ts';
import { maxGets } from '../link/inlet.ts';
import type { Link } from '../link/link.ts';
import { maxIds } from '../link/roster.ts';
import type { Nexus } from '../scsi/command.ts';
import { DeviceServer } from '../scsi/device-server.ts';
import { communicationsUnit, type LogicalUnit } from '../scsi/logical-unit.ts';
import type { HostOptions } from './host.ts';

const pageHeader = 4;

/** Tells the link, too, when an initiator is gone. */
class LinkServer extends DeviceServer {
  readonly #link: Link;

  constructor(link: Link, units: ReadonlyMap<number, LogicalUnit>) {
    super(units);
    this.#link = link;
  }

  override nexusLost(nexus: Nexus): void {
    super.nexusLost(nexus);
    this.#link.nexusLost(nexus);
  }
}

/** The device server with its one logical unit. `version` is ours, such as "0.1". */
export function createDevice(link: Link, options: HostOptions, version: string): DeviceServer {
  const page = link.vendorPage();
  const unit: LogicalUnit = communicationsUnit({
    identity: {
      vendor: 'IPSCSI',
      product: 'IP over SCSI',
      revision: version.slice(0, 4),
      serial: `${options.bus}/${options.id}`.slice(0, 200).replace(/[^\x20-\x7e]/g, '?'),
    },
    service: link.messages,
    messageBufferId,
    // The link bounds what each host may keep here, so that none can have the commands of others refused.
    maxTasks: maxGets * maxIds,
    vendorPages: page ? new Map([[extensionsPage, () => page.subarray(pageHeader)]]) : new Map(),
  });
  return new LinkServer(link, new Map([[options.lun, unit]]));
}
