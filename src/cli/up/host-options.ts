/** The options of a host, from its command line and, where the bus has one, its file. */

import { hostname } from 'node:os';
import type { HostOptions } from '../../net/host.ts';
import { checkId, defaultMtu } from '../arguments.ts';
import type { BusUrl } from '../bus-url.ts';
import { usageError } from '../failure.ts';
import { defaultWidth } from '../options.ts';
import { revision } from '../version.ts';
import type { Plan, UpFlags } from './flags.ts';

/** A machine's name as SCSI and terminals can show it. */
const ownName = () =>
  hostname()
    .replace(/[^\x21-\x7e]/g, '-')
    .slice(0, 63) || 'host';

function shmPlan({ id, width }: UpFlags): Plan {
  if (id === undefined)
    throw usageError("required option '--id <n>' not specified", 'our SCSI ID on the bus');
  return { id, width: width ?? defaultWidth, carrier: { kind: 'shm' }, pull: 0 };
}

async function planOf(flags: UpFlags): Promise<Plan> {
  const { bus } = flags;
  switch (bus.kind) {
    case 'shm':
      return shmPlan(flags);
    case 'iscsi-file':
      return (await import('./iscsi-plan.ts')).filePlan(flags, bus);
    case 'iscsi':
      return (await import('./iscsi-plan.ts')).portalPlan(flags, bus);
    case 'sg':
      return (await import('./linux-plan.ts')).sgPlan(flags, bus);
    case 'tcmu':
      return (await import('./linux-plan.ts')).tcmuPlan(flags, bus);
  }
}

/** Options that belong to one kind of bus alone. */
const belongings: readonly (readonly [
  option: string,
  kind: BusUrl['kind'],
  given: (flags: UpFlags) => unknown,
  expected: string,
])[] = [
  ['--host', 'iscsi-file', ({ host }) => host, 'iscsi:FILE with it'],
  [
    '--listen',
    'iscsi',
    ({ listen }) => listen || undefined,
    'iscsi://HOST/TARGET with it; a file says all that itself',
  ],
  [
    '--initiator-name',
    'iscsi',
    ({ initiatorName }) => initiatorName,
    'iscsi://HOST/TARGET with it; a file says all that itself',
  ],
  [
    '--chap-name',
    'iscsi',
    (flags) => flags.chapName ?? flags.chapSecretFile,
    'iscsi://HOST/TARGET with it; a file says all that itself',
  ],
  ['--fabric', 'tcmu', ({ fabric }) => fabric, 'tcmu:NAME with it'],
  ['--fabric-name', 'tcmu', ({ fabricName }) => fabricName, 'tcmu:NAME with it'],
  ['--portal', 'tcmu', ({ portal }) => portal[0], 'tcmu:NAME with it'],
  ['--peer', 'tcmu', ({ peer }) => peer[0], 'tcmu:NAME with it'],
];

function refuseMisplaced(flags: UpFlags): void {
  const { url, kind } = flags.bus;
  for (const [option, owner, given, expected] of belongings)
    if (owner !== kind && given(flags) !== undefined)
      throw usageError(`${option} does not belong to ${url}`, expected);
}

/** @throws CliError */
export async function hostOptions(flags: UpFlags): Promise<HostOptions> {
  refuseMisplaced(flags);
  const plan = await planOf(flags);
  checkId(plan.id, plan.width);
  for (const [id] of flags.pin) checkId(id, plan.width);
  return {
    bus: plan.bus ?? flags.bus.url,
    directory: flags.bus.directory,
    carrier: plan.carrier,
    id: plan.id,
    width: plan.width,
    lun: flags.lun,
    interface: flags.name,
    addresses: [...new Set([...(plan.addresses ?? []), ...flags.address])],
    mtu: flags.mtu ?? plan.mtu ?? defaultMtu,
    netns: flags.netns,
    guard: flags.guard,
    pins: flags.pin,
    pull: plan.pull,
    busyPoll: flags.busyPoll ?? false,
    hostName: flags.hostName ?? plan.hostName ?? ownName(),
    version: revision(),
  };
}
