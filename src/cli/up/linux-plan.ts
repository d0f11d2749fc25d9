/** A host on Linux' own SCSI stack: an initiator through sg, or a target behind LIO. */

import type { FabricOptions, TcmuPeer } from '../../transport/tcmu/options.ts';
import type { SgBus, TcmuBus } from '../bus-url.ts';
import { usageError } from '../failure.ts';
import { defaultWidth } from '../options.ts';
import type { Plan, UpFlags } from './flags.ts';

/** GET MESSAGEs that an initiator keeps outstanding: nobody can send to it. */
const pullDepth = 8;
/** As ever on a SCSI bus: the initiator has the ID that wins every arbitration, its target the lowest. */
const initiatorId = 7;
const targetId = 0;

/** @throws CliError */
export function sgPlan({ id = initiatorId, width = defaultWidth }: UpFlags, { url, devices }: SgBus): Plan {
  if (devices.length === 0)
    throw usageError(
      `${url} names no device`,
      'sg:/dev/sgN',
      '`ipscsi scan --bus sg:` shows which there are',
    );
  const free = Array.from({ length: width }, (_, i) => i).filter((each) => each !== id);
  if (devices.length > free.length)
    throw usageError(`${devices.length} devices don't fit on a bus of ${width}`, 'a wider bus: --width');
  const carrier = {
    kind: 'sg',
    devices: devices.map((path, i) => ({ path, id: free[i] as number })),
  } as const;
  return { id, width, carrier, pull: pullDepth };
}

export const fabricNames = ['loopback', 'iscsi', 'vhost', 'fc', 'srpt', 'qla2xxx', 'usb-gadget'] as const;
export type FabricName = (typeof fabricNames)[number];

/** "7", or "7=iqn.2026-01.org.example:alpha": an initiator that is expected. */
export function parsePeer(text: string): TcmuPeer {
  const [, id, initiator] = /^(\d{1,3})(?:=(\S{1,223}))?$/.exec(text) ?? [];
  if (id !== undefined && Number(id) <= 255)
    return { id: Number(id), ...(initiator !== undefined && { initiator }) };
  throw usageError(
    `peer ${JSON.stringify(text)} is not valid`,
    'ID or ID=INITIATOR',
    'for example 7=iqn.2026-01.org.example:alpha',
  );
}

/** @throws CliError */
function fabricOf({ fabric, portal, fabricName: name }: UpFlags, url: string): FabricOptions {
  if (fabric !== 'iscsi' && portal.length > 0)
    throw usageError('--portal belongs to --fabric iscsi', 'it with --fabric iscsi, or not at all');
  switch (fabric) {
    case undefined:
      throw usageError(`what should carry ${url}?`, `--fabric with one of ${fabricNames.join(', ')}`);
    case 'loopback':
    case 'vhost':
      if (name !== undefined)
        throw usageError(`--fabric ${fabric} has no name of its own`, 'no --fabric-name');
      return { kind: fabric };
    case 'iscsi':
      if (portal.length === 0) throw usageError('--fabric iscsi listens nowhere', '--portal ADDRESS:PORT');
      return { kind: fabric, portals: portal, ...(name !== undefined && { name }) };
    default:
      if (name === undefined)
        throw usageError(
          `--fabric ${fabric} needs the name of the adapter's port`,
          '--fabric-name NAME',
          'docs/linux-scsi.md says where to find it',
        );
      return { kind: fabric === 'usb-gadget' ? 'usb_gadget' : fabric, name };
  }
}

/** @throws CliError */
export function tcmuPlan(flags: UpFlags, { url, name }: TcmuBus): Plan {
  const { id = targetId, width = defaultWidth, peer } = flags;
  const fabric = fabricOf(flags, url);
  const peers = peer.length > 0 ? peer : [{ id: id === initiatorId ? targetId : initiatorId }];
  return { id, width, carrier: { kind: 'tcmu', name, fabric, peers }, pull: 0 };
}
