/** Serves a RAM disk over iSCSI until told to stop. */

import { type Credentials, createTarget, DeviceServer, ramDisk } from '../../iscsi.ts';
import { formatPortal } from '../../transport/iscsi/addresses.ts';
import { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { aborted } from '../signals.ts';

export interface TargetCommandOptions {
  readonly listen: readonly string[];
  readonly name: string;
  readonly mebibytes: number;
  /** Who initiators have to be. */
  readonly chap: Credentials | undefined;
  /** Who we are to those that ask. */
  readonly own: Credentials | undefined;
  /** Initiators' names; none: everybody may log in. */
  readonly allow: readonly string[];
  readonly json: boolean;
  /** INQUIRY's product revision level: up to four characters. */
  readonly revision: string;
}

export async function serveTarget(
  options: TargetCommandOptions,
  output: Output,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { listen, name, mebibytes, chap, own, allow, json, revision } = options;
  const identity = {
    vendor: 'IPSCSI',
    product: 'RAM disk',
    revision,
    serial: name.slice(0, 200),
  };
  const disk = ramDisk({ identity, blocks: mebibytes * 2048 });
  await using target = await createTarget({
    name,
    portals: listen,
    device: new DeviceServer(new Map([[0, disk]])),
    ...(chap && { chap: { users: { [chap.name]: chap.secret }, ...(own && { own }) } }),
    ...(allow.length > 0 && { allow: (initiator: string) => allow.includes(initiator) }),
  });
  const urls = target.portals.map((portal) => `iscsi://${formatPortal(portal)}/${target.name}/0`);
  if (json) output.line(JSON.stringify({ event: 'ready', urls, pid: process.pid }));
  else for (const url of urls) output.line(url);
  await aborted(stop);
  if (json) output.line(JSON.stringify({ event: 'ended', counters: target.counters }));
  return ExitCode.ok;
}
