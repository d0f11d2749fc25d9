/** `ipscsi demo`: what it takes. */

import { Command, Option } from 'commander';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import { demo } from './demo.ts';
import { needsUserNamespace, reexecInUserNamespace } from './privilege.ts';

interface DemoFlags {
  readonly keep?: true;
  readonly json?: true;
  readonly hosts: number;
  readonly size: number;
  /** False with --no-bench. */
  readonly bench: boolean;
}

const [leastHosts, mostHosts] = [3, 64];
const [leastSize, mostSize] = [1, 1024];

/** A whole number within limits. */
const number = (what: string, least: number, most: number) => (text: string) => {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usageError(`${what} ${JSON.stringify(text)} is not valid`, `a whole number from ${least} to ${most}`);
};

const explanation = `
It makes its own network namespaces and touches nothing else: as root, or without root in a user namespace
(then /dev/net/tun must be open to users). It needs no package beyond a minimal Debian's and Node.
`;

/** The same flags again, for the process in the user namespace. */
export const flagArguments = ({ keep, json, hosts, size, bench }: DemoFlags): string[] => [
  'demo',
  ...(keep ? ['--keep'] : []),
  ...(json ? ['--json'] : []),
  ...['--hosts', String(hosts), '--size', String(size)],
  ...(bench ? [] : ['--no-bench']),
];

export function demoCommand(): Command {
  return new Command('demo')
    .description('Shows IP over SCSI between hosts of its own: ARP, ping, HTTP, a crash, and how fast it is.')
    .addOption(new Option('--keep', 'stay up afterwards, until Ctrl-C; says how to enter a host'))
    .addOption(jsonOption())
    .addOption(
      new Option('--hosts <n>', `hosts on the bus, ${leastHosts} to ${mostHosts}`)
        .argParser(number('number of hosts', leastHosts, mostHosts))
        .default(leastHosts),
    )
    .addOption(
      new Option('--size <MiB>', 'size of the file fetched over HTTP')
        .argParser(number('size', leastSize, mostSize))
        .default(64),
    )
    .addOption(new Option('--no-bench', 'leave out the measurements'))
    .addHelpText('after', `${explanation}${exitCodeHelp}`)
    .action(async (flags: DemoFlags) => {
      if (needsUserNamespace()) {
        process.exitCode = await reexecInUserNamespace(flagArguments(flags));
        return;
      }
      const options = { ...flags, keep: flags.keep ?? false, json: flags.json ?? false };
      process.exitCode = await demo(options, standardOutput(), stopSignal());
    });
}
