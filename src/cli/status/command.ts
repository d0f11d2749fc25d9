/** `ipscsi status`: what it takes. */

import { Command, Option } from 'commander';
import { parseSeconds } from '../arguments.ts';
import type { BusUrl } from '../bus-url.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { busOption, idOption, jsonOption, secondsOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import { status } from './status.ts';

interface StatusFlags {
  readonly bus: BusUrl;
  readonly id?: number;
  readonly json?: boolean;
  /** Milliseconds; true: without a number. */
  readonly watch?: number | true;
  readonly timeout: number;
}

const defaultWatchMs = 2000;

const examples = `
Examples:
  ipscsi status --bus shm:lab
  ipscsi status --bus shm:lab --id 3 --watch 0.5
  ipscsi status --bus shm:lab --json | jq '.hosts[].status.peers[] | {id, queued}'
`;

export function statusCommand(): Command {
  return new Command('status')
    .description(
      'Asks the running hosts of a bus, all or one, what they count: per peer packets, bytes, drops by reason,\nqueue depths and SCSI statuses since it appeared.',
    )
    .addOption(busOption())
    .addOption(idOption('ask this host only'))
    .addOption(
      new Option('-w, --watch [seconds]', 'look again and again, and show rates (default: 2)').argParser(
        parseSeconds,
      ),
    )
    .addOption(secondsOption('--timeout <seconds>', 'wait so long for a host that does not answer', 1000))
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async ({ bus, id, json = false, watch, timeout }: StatusFlags) => {
      const watchMs =
        watch === true ? defaultWatchMs : watch === undefined ? undefined : Math.max(watch, 100);
      process.exitCode = await status(
        { bus, id, json, timeoutMs: Math.max(timeout, 1), watchMs },
        standardOutput(),
        stopSignal(),
      );
    });
}
