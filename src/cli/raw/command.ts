/** `ipscsi raw`: what it takes. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { fromHex } from '../../bytes/hex.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { chapFrom, parseIscsiUrl } from '../iscsi-url.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { raw } from './raw.ts';

interface RawFlags {
  readonly in?: string;
  readonly out?: string;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  ipscsi raw iscsi://10.0.0.2/iqn.2026-01.org.example:disk/1 12 00 00 00 24 00 --in 36
  ipscsi raw iscsi://10.0.0.2:3260/iqn.2026-01.org.example:disk/1 2a0000000000000001 00 --out block

It logs in, sends the CDB given in hexadecimal, and prints status, sense, residual and data-in. Exit code 1: not GOOD.
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

export function rawCommand(): Command {
  return new Command('raw')
    .description('Sends any CDB to a logical unit behind an iSCSI target, and decodes the answer.')
    .argument('<url>', 'iscsi://HOST[:PORT]/TARGET[/LUN]')
    .argument('<cdb...>', 'the CDB, in hexadecimal')
    .option('--in <bytes>', 'room for so much data-in')
    .option('--out <file>', 'a file whose bytes are the data-out')
    .option('--chap-name <name>', 'log in with CHAP, by this name')
    .option('--chap-secret-file <file>', 'and the secret in this file, which nobody else may read')
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async (url: string, cdb: readonly string[], flags: RawFlags) => {
      const options = {
        url: parseIscsiUrl(url),
        cdb: parseCdb(cdb),
        dataIn: flags.in === undefined ? 0 : parseLength(flags.in),
        dataOut: flags.out === undefined ? undefined : new Uint8Array(readFileSync(flags.out)),
        chap: chapFrom(flags.chapName, flags.chapSecretFile),
        json: flags.json ?? false,
      };
      process.exitCode = await raw(options, standardOutput());
    });
}
