/** A host on a bus of iSCSI sessions: as a file says, or as the initiator of one target alone. */

import { hostname } from 'node:os';
import type { IscsiCarrier } from '../../net/carrier.ts';
import type { IscsiFileBus, IscsiPortalBus } from '../bus-url.ts';
import type { BusFile, BusHost } from '../config/bus-file.ts';
import { readChap } from '../config/chap.ts';
import { loadBusFile } from '../config/load.ts';
import { hostIn } from '../config/which-host.ts';
import { usageError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
import { defaultWidth } from '../options.ts';
import type { Plan, UpFlags } from './flags.ts';

/** GET MESSAGEs that a host keeps outstanding that others can't log in to. */
const pullDepth = 16;

const crc32c = ['CRC32C'];
const none = ['None'];
const digestWishes = {
  off: { HeaderDigest: none, DataDigest: none },
  header: { HeaderDigest: crc32c, DataDigest: none },
  on: { HeaderDigest: crc32c, DataDigest: crc32c },
} as const;

/** The carrier of one of the file's hosts. @throws BusFileError for secrets that can't be used */
export function carrierOf(file: BusFile, us: BusHost): IscsiCarrier {
  const { own, members, towards } = readChap(file, us);
  const others = file.hosts.filter((host) => host !== us);
  const { depth, timeouts } = file.iscsi;
  const listens = us.listen.length > 0;
  return {
    kind: 'iscsi',
    agreed: true,
    name: us.iqn,
    listen: us.listen,
    routes: others.flatMap(({ name, id, iqn, portals }) => {
      const chap = towards.get(name);
      return portals.length > 0 ? [{ id, target: iqn, portals, ...(chap && { chap }) }] : [];
    }),
    members: others.flatMap(({ name, id, iqn }) => {
      const chap = members.get(name);
      return listens ? [{ id, name: iqn, ...(chap && { chap }) }] : [];
    }),
    ...(own && { own }),
    wishes: digestWishes[file.digests],
    timeouts,
    ...(depth !== undefined && { depth }),
  };
}

/** As the file says. @throws BusFileError, CliError */
export function filePlan({ id, width, host: name }: UpFlags, { path, url }: IscsiFileBus): Plan {
  if (id !== undefined || width !== undefined)
    throw usageError(
      `${url} says IDs and width itself`,
      'no --id and no --width',
      '--host says which entry is ours',
    );
  const file = loadBusFile(path);
  const us = hostIn(file, name);
  return {
    bus: `iscsi:${file.bus}`,
    id: us.id,
    width: file.width,
    carrier: carrierOf(file, us),
    pull: us.listen.length > 0 ? 0 : pullDepth,
    addresses: us.addresses,
    mtu: file.mtu,
    hostName: us.name,
  };
}

/** Our name as an initiator, where no file gives us one. */
const nameOfMachine = () =>
  `iqn.2026-01.org.ipscsi:${
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-')
      .slice(0, 63) || 'host'
  }`;

/** The initiator of one target, or that target itself. @throws CliError */
export function portalPlan(flags: UpFlags, { url, portal, target, lun }: IscsiPortalBus): Plan {
  const { id, width = defaultWidth, listen, initiatorName } = flags;
  if (target === undefined)
    throw usageError(
      `${url} names no target`,
      'iscsi://HOST[:PORT]/TARGET',
      `ipscsi scan --bus ${url} lists them`,
    );
  if (lun !== undefined)
    throw usageError(
      `${url} names a logical unit`,
      'a target: a host finds its communications device itself',
    );
  if (id === undefined)
    throw usageError("required option '--id <n>' not specified", 'our SCSI ID on the bus');
  const chap = chapFrom(flags.chapName, flags.chapSecretFile);
  if (listen && initiatorName !== undefined)
    throw usageError('--listen initiates nothing', 'it without --initiator-name');
  const common = { kind: 'iscsi', agreed: false } as const;
  const carrier: IscsiCarrier = listen
    ? {
        ...common,
        name: target,
        listen: [portal],
        routes: [],
        members: undefined,
        ...(chap && { users: [chap] }),
      }
    : {
        ...common,
        name: initiatorName ?? nameOfMachine(),
        listen: [],
        // Its ID is a number among ours alone: an initiator learns no IDs over iSCSI.
        routes: [{ id: id === 0 ? 1 : 0, target, portals: [portal], ...(chap && { chap }) }],
        members: [],
      };
  return { id, width, carrier, pull: listen ? 0 : pullDepth };
}
