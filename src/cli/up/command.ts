/** `ipscsi up`: what it takes. */

import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import type { GuardMode } from '../../link/guard.ts';
import type { HostOptions } from '../../net/host.ts';
import type { LogLevel } from '../../observe/logger.ts';
import {
  checkId,
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
  parsePin,
} from '../arguments.ts';
import type { BusUrl } from '../bus-url.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { busOption, defaultWidth, idOption, jsonOption, widthOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import { version } from '../version.ts';
import { up } from './up.ts';

interface UpFlags {
  readonly bus: BusUrl;
  readonly id: number;
  readonly address: readonly string[];
  readonly netns?: string;
  readonly mtu: number;
  readonly name: string;
  readonly width: number;
  readonly lun: number;
  readonly guard: GuardMode;
  readonly pin: readonly (readonly [number, string])[];
  readonly busyPoll?: boolean;
  readonly hostName?: string;
  readonly json?: boolean;
  readonly logLevel: LogLevel;
}

const examples = `
Examples:
  ipscsi up --bus shm:lab --id 3 --address 10.90.0.3/24 --address fd90::3/64
  ipscsi up --bus shm:lab --id 4 --netns lab4 --address 10.90.0.4/24 --guard enforce --pin 3=10.90.0.3
  ipscsi up --bus shm:/run/lab --width 64 --id 40 --json

It prints one line with the word "ready" when the interface is up, and serves until SIGINT, SIGTERM or SIGHUP.
A second signal ends it at once.
`;

/** Appends to a repeatable option. */
const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[]): readonly T[] => [...before, parse(text)];

/** A machine's name as SCSI and terminals can show it. */
const ownName = () =>
  hostname()
    .replace(/[^\x21-\x7e]/g, '-')
    .slice(0, 63) || 'host';

/** "0.1": INQUIRY data has four characters for it. */
const revision = () => version().split('.').slice(0, 2).join('.');

/** The options of a host. @throws CliError */
export function hostOptions(flags: UpFlags): HostOptions {
  checkId(flags.id, flags.width);
  for (const [id] of flags.pin) checkId(id, flags.width);
  return {
    bus: flags.bus.url,
    directory: flags.bus.directory,
    id: flags.id,
    width: flags.width,
    lun: flags.lun,
    interface: flags.name,
    addresses: [...new Set(flags.address)],
    mtu: flags.mtu,
    netns: flags.netns,
    guard: flags.guard,
    pins: flags.pin,
    busyPoll: flags.busyPoll ?? false,
    hostName: flags.hostName ?? ownName(),
    version: revision(),
  };
}

export function upCommand(): Command {
  return new Command('up')
    .description('Claims a SCSI ID on a bus and brings up a network interface on it, until told to stop.')
    .addOption(busOption())
    .addOption(idOption('our SCSI ID on the bus').makeOptionMandatory())
    .addOption(
      new Option('-a, --address <address/prefix>', 'IPv4 or IPv6 address of the interface; may be repeated')
        .argParser(collect(parseAddress))
        .default([], 'none'),
    )
    .addOption(
      new Option('--netns <name>', 'network namespace, as `ip netns` names it').argParser(parseNetns),
    )
    .addOption(new Option('--mtu <bytes>', '68 to 65521').argParser(parseMtu).default(defaultMtu))
    .addOption(
      new Option('--name <name>', 'name of the interface').argParser(parseInterfaceName).default('scsi0'),
    )
    .addOption(widthOption('IDs on the bus, the same for all its hosts').default(defaultWidth))
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
      const settings = {
        directory: flags.bus.directory,
        json: flags.json ?? false,
        logLevel: flags.logLevel,
      };
      process.exitCode = await up(hostOptions(flags), settings, standardOutput(), stopSignal());
    });
}
