/** `ipscsi target`: what it takes. */

import { Command, Option } from 'commander';
import { parseNodeName } from '../arguments.ts';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { stopSignal } from '../signals.ts';
import { revision } from '../version.ts';
import { serveTarget } from './target.ts';

interface TargetFlags {
  readonly listen: readonly string[];
  readonly name: string;
  readonly disk: number;
  readonly chapName?: string;
  readonly chapSecretFile?: string;
  readonly ownChapName?: string;
  readonly ownChapSecretFile?: string;
  readonly allow: readonly string[];
  readonly json?: boolean;
}

const mostMebibytes = 2048;

const examples = `
Examples:
  ipscsi target --listen 127.0.0.1:3260
  ipscsi target --listen 0.0.0.0:3260 --disk 256 --chap-name alice --chap-secret-file alice.secret

  ipscsi target --listen '[::]:3260' --allow iqn.2026-01.org.example:alpha --allow iqn.2026-01.org.example:beta --json

It serves a RAM disk at LUN 0, prints its URL when it is ready, and runs until it is told to stop; with --json it then
prints what it has counted. For IP over iSCSI see \`ipscsi up\`.
`;

function parseMebibytes(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= mostMebibytes) return Number(text);
  throw usageError(`disk size ${JSON.stringify(text)} is not valid`, `1 to ${mostMebibytes} MiB`);
}

export function targetCommand(): Command {
  return new Command('target')
    .description('Serves a RAM disk over iSCSI.')
    .requiredOption('--listen <portal...>', 'where to listen: ADDRESS:PORT, [ADDRESS]:PORT')
    .option('--name <iqn>', 'its name', 'iqn.2026-01.org.ipscsi:disk')
    .option('--disk <MiB>', 'size of the disk', parseMebibytes, 64)
    .option('--chap-name <name>', 'let in only who logs in with CHAP, by this name')
    .option('--chap-secret-file <file>', 'and the secret in this file, which nobody else may read')
    .option('--own-chap-name <name>', 'who it is to initiators that ask for proof, too')
    .option('--own-chap-secret-file <file>', 'and the secret in this file')
    .addOption(
      new Option('--allow <iqn>', 'let in only this initiator; may be repeated')
        .argParser((text: string, before: readonly string[]) => [...before, parseNodeName(text)])
        .default([], 'everybody'),
    )
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async ({ listen, name, disk, allow, json = false, ...flags }: TargetFlags) => {
      const chap = chapFrom(flags.chapName, flags.chapSecretFile);
      const own = chapFrom(flags.ownChapName, flags.ownChapSecretFile);
      if (own && !chap)
        throw usageError('a target proves itself only to those who prove themselves', '--chap-name, too');
      const options = { listen, name, mebibytes: disk, chap, own, allow, json, revision: revision() };
      process.exitCode = await serveTarget(options, standardOutput(), stopSignal());
    });
}
