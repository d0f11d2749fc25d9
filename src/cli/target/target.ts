/** Serves a RAM disk over iSCSI until told to stop. */

import { createTarget, DeviceServer, ramDisk } from '../../iscsi.ts';
import { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { aborted } from '../signals.ts';

export interface TargetCommandOptions {
  readonly listen: readonly string[];
  readonly name: string;
  readonly mebibytes: number;
  readonly chap: { readonly name: string; readonly secret: string } | undefined;
  /** INQUIRY's product revision level: up to four characters. */
  readonly revision: string;
}

export async function serveTarget(
  options: TargetCommandOptions,
  output: Output,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { listen, name, mebibytes, chap, revision } = options;
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
    ...(chap ? { chap: { users: { [chap.name]: chap.secret } } } : {}),
  });
  for (const { host, port } of target.portals)
    output.line(`iscsi://${host.includes(':') ? `[${host}]` : host}:${port}/${target.name}/0`);
  await aborted(stop);
  return ExitCode.ok;
}
