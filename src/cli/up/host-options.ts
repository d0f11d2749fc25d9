/** The options of a host, from its command line and, where the bus has one, its file. */

import { hostname } from 'node:os';
import type { HostOptions } from '../../net/host.ts';
import { checkId, defaultMtu } from '../arguments.ts';
import { usageError } from '../failure.ts';
import { defaultWidth } from '../options.ts';
import { version } from '../version.ts';
import type { Plan, UpFlags } from './flags.ts';

/** A machine's name as SCSI and terminals can show it. */
const ownName = () =>
  hostname()
    .replace(/[^\x21-\x7e]/g, '-')
    .slice(0, 63) || 'host';

/** "0.1": INQUIRY data has four characters for it. */
const revision = () => version().split('.').slice(0, 2).join('.');

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
    case 'tcmu':
      throw usageError(`a host can't be brought up on ${bus.url} yet`, 'shm: or iscsi:');
  }
}

/** Options of one kind of bus, given with another. */
function refuseMisplaced({ bus, host, listen, initiatorName, chapName, chapSecretFile }: UpFlags): void {
  if (host !== undefined && bus.kind !== 'iscsi-file')
    throw usageError(`--host names an entry of a file, and ${bus.url} is none`, 'iscsi:FILE with --host');
  const ofTarget = {
    '--listen': listen,
    '--initiator-name': initiatorName,
    '--chap-name': chapName ?? chapSecretFile,
  };
  for (const [option, value] of Object.entries(ofTarget))
    if (value && bus.kind !== 'iscsi')
      throw usageError(
        `${option} does not belong to ${bus.url}`,
        'it with iscsi://HOST/TARGET; a file says all that itself',
      );
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
