/** `ipscsi scan`: what it takes. */

import { Command } from 'commander';
import type { BusUrl } from '../bus-url.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { busOption, idOption, jsonOption, secondsOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { scan } from './scan.ts';

interface ScanFlags {
  readonly bus: BusUrl;
  readonly id?: number;
  readonly json?: boolean;
  readonly timeout: number;
}

const examples = `
Examples:
  ipscsi scan --bus shm:lab
  ipscsi scan --bus shm:lab --json | jq '.devices[] | {id, hostName, addresses}'

It joins the bus for a moment, as an initiator on a free ID, and sends REPORT LUNS and INQUIRY to every target.
`;

export function scanCommand(): Command {
  return new Command('scan')
    .description(
      'Lists the devices on a bus, like lsscsi: ID, LUN, type, vendor, product, revision, and of hosts their\nname, MAC and IP addresses.',
    )
    .addOption(busOption())
    .addOption(idOption('scan from this ID (default: the highest that is free)'))
    .addOption(secondsOption('--timeout <seconds>', 'wait so long for an answer', 1000))
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async ({ bus, id, json = false, timeout }: ScanFlags) => {
      process.exitCode = await scan({ bus, id, json, timeoutMs: Math.max(timeout, 1) }, standardOutput());
    });
}
