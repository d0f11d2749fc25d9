/** `ipscsi up`: what it takes. */

import { Command, Option } from 'commander';
import {
  defaultMtu,
  guardModes,
  logLevels,
  parseAddress,
  parseGuard,
  parseHostName,
  parseInterfaceName,
  parseLogLevel,
  parseLun,
  parseMtu,
  parseNetns,
  parseNodeName,
  parsePin,
} from '../arguments.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import {
  busOption,
  chapOptions,
  defaultWidth,
  hostOption,
  idOption,
  jsonOption,
  widthOption,
} from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import type { UpFlags } from './flags.ts';
import { hostOptions } from './host-options.ts';
import { fabricNames, parsePeer } from './linux-plan.ts';
import { up } from './up.ts';

const examples = `
Examples:
  ipscsi up --bus shm:lab --id 3 --address 10.90.0.3/24 --address fd90::3/64
  ipscsi up --bus shm:lab --id 4 --netns lab4 --address 10.90.0.4/24 --guard enforce --pin 3=10.90.0.3
  ipscsi up --bus shm:/run/lab --width 64 --id 40 --json
  ipscsi up --bus iscsi:lab.toml --host alpha
  ipscsi up --bus iscsi://10.0.0.2/iqn.2026-01.org.example:beta --id 0 --address 10.90.0.1/24
  ipscsi up --bus sg:/dev/sg3 --address 10.90.0.1/24
  ipscsi up --bus tcmu:lab --fabric loopback --address 10.90.0.2/24

It prints one line with the word "ready" when the interface is up, and serves until SIGINT, SIGTERM or SIGHUP.
A second signal ends it at once.
`;

/** Appends to a repeatable option. */
const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[]): readonly T[] => [...before, parse(text)];

export function upCommand(): Command {
  return new Command('up')
    .description('Claims a SCSI ID on a bus and brings up a network interface on it, until told to stop.')
    .addOption(busOption())
    .addOption(idOption('our SCSI ID on the bus; an iscsi:FILE says it itself'))
    .addOption(hostOption())
    .addOption(
      new Option('-a, --address <address/prefix>', 'IPv4 or IPv6 address of the interface; may be repeated')
        .argParser(collect(parseAddress))
        .default([], 'none'),
    )
    .addOption(
      new Option('--netns <name>', 'network namespace, as `ip netns` names it').argParser(parseNetns),
    )
    .addOption(
      new Option('--mtu <bytes>', `68 to 65521 (default: ${defaultMtu}, or the file's)`).argParser(parseMtu),
    )
    .addOption(
      new Option('--name <name>', 'name of the interface').argParser(parseInterfaceName).default('scsi0'),
    )
    .addOption(widthOption(`IDs on the bus, the same for all its hosts (default: ${defaultWidth})`))
    .addOption(new Option('--lun <n>', 'LUN that takes the datagrams, 0 to 7').argParser(parseLun).default(0))
    .addOption(
      new Option('--guard <mode>', `source addresses that a sender does not own: ${guardModes.join(', ')}`)
        .argParser(parseGuard)
        .default('warn'),
    )
    .addOption(
      new Option('--pin <id=address>', 'the address belongs to the host with the ID; may be repeated')
        .argParser(collect(parsePin))
        .default([], 'none'),
    )
    .addOption(new Option('--busy-poll', 'never sleep: the least delay, at the price of a core'))
    .addOption(
      new Option('--host-name <name>', "name that scan shows (default: the machine's)").argParser(
        parseHostName,
      ),
    )
    .addOption(
      new Option('--listen', 'be the iscsi: target that the URL names, and let others log in').default(false),
    )
    .addOption(
      new Option(
        '--initiator-name <iqn>',
        "our name at an iscsi: target (default: made of the machine's)",
      ).argParser(parseNodeName),
    )
    .addOption(chapOptions.name())
    .addOption(chapOptions.secret())
    .addOption(new Option('--fabric <kind>', 'what carries a tcmu: bus').choices(fabricNames))
    .addOption(
      new Option('--fabric-name <name>', "the adapter's port in configfs; for iscsi the target's name"),
    )
    .addOption(
      new Option('--portal <address:port>', 'where --fabric iscsi listens; may be repeated')
        .argParser(collect((text: string) => text))
        .default([], 'none'),
    )
    .addOption(
      new Option('--peer <id[=initiator]>', 'an initiator that is expected on a tcmu: bus; may be repeated')
        .argParser(collect(parsePeer))
        .default([], 'ID 7'),
    )
    .addOption(jsonOption())
    .addOption(
      new Option(
        '--log-level <level>',
        `least level logged, as JSON lines on stderr: ${logLevels.join(', ')}`,
      )
        .argParser(parseLogLevel)
        .default('warn'),
    )
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async (flags: UpFlags) => {
      const settings = { json: flags.json ?? false, logLevel: flags.logLevel };
      process.exitCode = await up(await hostOptions(flags), settings, standardOutput(), stopSignal());
    });
}
