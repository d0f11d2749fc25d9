/** `ipscsi target`: what it takes. */

import { Command } from 'commander';
import { exitCodeHelp } from '../exit-codes.ts';
import { usageError } from '../failure.ts';
import { chapFrom } from '../iscsi-login.ts';
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
}

const mostMebibytes = 2048;

const examples = `
Examples:
  ipscsi target --listen 127.0.0.1:3260
  ipscsi target --listen 0.0.0.0:3260 --disk 256 --chap-name alice --chap-secret-file alice.secret

It serves a RAM disk at LUN 0, prints its URL when it is ready, and runs until it is told to stop.
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
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action(async ({ listen, name, disk, chapName, chapSecretFile }: TargetFlags) => {
      const chap = chapFrom(chapName, chapSecretFile);
      const options = { listen, name, mebibytes: disk, chap, revision: revision() };
      process.exitCode = await serveTarget(options, standardOutput(), stopSignal());
    });
}
