/** `ipscsi scan`: what it takes. */

import { Command } from 'commander';
import type { BusUrl } from '../bus-url.ts';
import { type ExitCode, exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
import { busOption, chapOptions, hostOption, idOption, jsonOption, secondsOption } from '../options.ts';
import { type Output, standardOutput } from '../output.ts';
import { scan } from './scan.ts';

interface ScanFlags {
  readonly bus: BusUrl;
  readonly id?: number;
  readonly host?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly json?: boolean;
  readonly timeout: number;
}

const examples = `
Examples:
  ipscsi scan --bus shm:lab
  ipscsi scan --bus shm:lab --json | jq '.devices[] | {id, hostName, addresses}'
  ipscsi scan --bus iscsi://10.0.0.2
  ipscsi scan --bus sg:

It joins the bus for a moment, as an initiator on a free ID, and sends REPORT LUNS and INQUIRY to every target. Of an
iSCSI portal it lists the targets; of this machine (sg:) every SCSI device, and which are hosts of our kind.
`;

async function scanAny(
  { bus, id, host, timeout, json = false, ...flags }: ScanFlags,
  output: Output,
): Promise<ExitCode> {
  const timeoutMs = Math.max(timeout, 1);
  const chap = chapFrom(flags.chapName, flags.chapSecretFile);
  if (chap && bus.kind !== 'iscsi')
    throw usageError(`${bus.url} knows no CHAP name`, 'iscsi://HOST with --chap-name');
  if (bus.kind === 'sg') {
    if (id !== undefined) throw usageError(`${bus.url} gives an initiator no ID`, 'no --id');
    const { scanSg } = await import('./sg.ts');
    return scanSg({ devices: bus.devices, json, timeoutMs }, output);
  }
  if (bus.kind !== 'iscsi') return scan({ bus, id, host, json, timeoutMs }, output);
  if (id !== undefined) throw usageError('a portal gives an initiator no ID', 'no --id');
  const { scanPortal } = await import('./portal.ts');
  return scanPortal({ bus, chap, json, timeoutMs }, output);
}

export function scanCommand(): Command {
  return new Command('scan')
    .description(
      'Lists the devices on a bus, like lsscsi: ID, LUN, type, vendor, product, revision, and of hosts their\nname, MAC and IP addresses.',
    )
    .addOption(busOption())
    .addOption(idOption('scan from this ID (default: the highest that is free)'))
    .addOption(secondsOption('--timeout <seconds>', 'wait so long for an answer', 1000))
    .addOption(hostOption())
    .addOption(chapOptions.name())
    .addOption(chapOptions.secret())
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async (flags: ScanFlags) => {
      process.exitCode = await scanAny(flags, standardOutput());
    });
}
