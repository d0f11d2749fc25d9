/** `ipscsi raw`: what it takes. */

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { fromHex } from '../../bytes/hex.ts';
import { parseId } from '../arguments.ts';
import { type BusUrl, parseBusUrl } from '../bus-url.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
import { chapOptions, hostOption, jsonOption, secondsOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { raw } from './raw.ts';

interface RawFlags {
  readonly target?: number;
  readonly lun?: number;
  readonly host?: string;
  readonly in?: number;
  readonly out?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly timeout: number;
  readonly json?: boolean;
}

const examples = `
Examples:
  ipscsi raw iscsi://10.0.0.2/iqn.2026-01.org.example:disk/1 12 00 00 00 24 00 --in 36
  ipscsi raw iscsi://10.0.0.2:3260/iqn.2026-01.org.example:disk/1 2a0000000000000001 00 --out block
  ipscsi raw sg:/dev/sg3 12 00 00 00 24 00 --in 36
  ipscsi raw shm:lab --target 3 12 00 00 00 24 00 --in 36

It sends the CDB given in hexadecimal, and prints status, sense, residual and data-in. Exit code 1: not GOOD.
`;

function parseCdb(parts: readonly string[]): Uint8Array {
  const text = parts.join('');
  if (/^([0-9a-fA-F]{2}){1,32}$/.test(text)) return fromHex(text);
  throw usageError(`CDB ${JSON.stringify(parts.join(' '))} is not valid`, '1 to 32 bytes in hexadecimal');
}

function parseLength(text: string): number {
  if (/^\d{1,8}$/.test(text) && Number(text) <= 16 << 20) return Number(text);
  throw usageError(`--in ${JSON.stringify(text)} is not valid`, 'bytes, up to 16777216');
}

function parseUnit(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 0x4000) return Number(text);
  throw usageError(`LUN ${JSON.stringify(text)} is not valid`, '0 to 16383');
}

/** An iSCSI URL has the LUN in it. */
function lunOf(bus: BusUrl, lun: number | undefined): number {
  if (bus.kind !== 'iscsi') return lun ?? 0;
  if (lun !== undefined && bus.lun !== undefined && lun !== bus.lun)
    throw usageError(`the URL says LUN ${bus.lun}, --lun says ${lun}`, 'one of them');
  return lun ?? bus.lun ?? 0;
}

export function rawCommand(): Command {
  return new Command('raw')
    .description('Sends any CDB to a logical unit, and decodes the answer.')
    .argument(
      '<bus>',
      'iscsi://HOST[:PORT]/TARGET[/LUN], sg:/dev/sgN, or another bus with --target and --lun',
      (text) => parseBusUrl(text),
    )
    .argument('<cdb...>', 'the CDB, in hexadecimal')
    .addOption(
      new Option('--target <id>', 'SCSI ID of the target, where the bus has several').argParser(parseId),
    )
    .addOption(new Option('--lun <n>', 'the logical unit (default: 0)').argParser(parseUnit))
    .addOption(hostOption())
    .addOption(new Option('--in <bytes>', 'room for so much data-in').argParser(parseLength))
    .option('--out <file>', 'a file whose bytes are the data-out')
    .addOption(chapOptions.name())
    .addOption(chapOptions.secret())
    .addOption(secondsOption('--timeout <seconds>', 'wait so long for an answer', 10_000))
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async (bus: BusUrl, cdb: readonly string[], flags: RawFlags) => {
      const options = {
        bus,
        target: flags.target,
        host: flags.host,
        lun: lunOf(bus, flags.lun),
        cdb: parseCdb(cdb),
        dataIn: flags.in ?? 0,
        dataOut: flags.out === undefined ? undefined : new Uint8Array(readFileSync(flags.out)),
        chap: chapFrom(flags.chapName, flags.chapSecretFile),
        json: flags.json ?? false,
        timeoutMs: Math.max(flags.timeout, 1),
      };
      process.exitCode = await raw(options, standardOutput());
    });
}
