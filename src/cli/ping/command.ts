/** `ipscsi ping`: what it takes. */

import { Argument, Command, Option } from 'commander';
import { parseCount, parseId, parsePingBytes } from '../arguments.ts';
import type { BusUrl } from '../bus-url.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { busOption, hostOption, idOption, jsonOption, secondsOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import { ping } from './ping.ts';

interface PingFlags {
  readonly bus: BusUrl;
  readonly id?: number;
  readonly host?: string;
  readonly count: number;
  readonly interval: number;
  readonly size: number;
  readonly timeout: number;
  readonly json?: boolean;
}

const examples = `
Examples:
  ipscsi ping --bus shm:lab --id 3 5         # as host 3: through its \`ipscsi up\` if that runs, else on its ID
  ipscsi ping --bus shm:lab 5 -c 1000 -i 0.01
  ipscsi ping --bus shm:lab 5 -s 4096 --json
`;

export function pingCommand(): Command {
  return new Command('ping')
    .description(
      'Times SCSI commands to a target, without IP: TEST UNIT READY, or with -s a WRITE BUFFER and a READ BUFFER\nof its echo buffer. Ctrl-C ends it with the summary.',
    )
    .addArgument(new Argument('<target>', 'SCSI ID to ping').argParser((text) => parseId(text)))
    .addOption(busOption())
    .addOption(idOption('ping from this ID (default: the highest that is free)'))
    .addOption(hostOption())
    .addOption(
      new Option('-c, --count <n>', 'round trips; 0: until Ctrl-C')
        .argParser((text) => parseCount(text))
        .default(10),
    )
    .addOption(secondsOption('-i, --interval <seconds>', 'from one round trip to the next', 200))
    .addOption(
      new Option('-s, --size <bytes>', 'bytes to write and read back')
        .argParser((text) => parsePingBytes(text))
        .default(0),
    )
    .addOption(secondsOption('-W, --timeout <seconds>', 'wait so long for an answer', 1000))
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async (target: number, flags: PingFlags) => {
      const { bus, id, host, count, interval, size, timeout, json = false } = flags;
      if (id === target) throw usageError(`ID ${id} can't ping itself`, 'the ID of another host');
      process.exitCode = await ping(
        {
          bus,
          id,
          host,
          target,
          count,
          intervalMs: interval,
          bytes: size,
          timeoutMs: Math.max(timeout, 1),
          json,
        },
        standardOutput(),
        stopSignal(),
      );
    });
}
