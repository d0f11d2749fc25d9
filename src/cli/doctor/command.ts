/** `ipscsi doctor`: what it takes. */

import { Command, Option } from 'commander';
import { exitCodeHelp } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { clean } from './clean.ts';
import { doctor } from './doctor.ts';

const notes = `
It looks, and changes nothing without --clean: the kernel and its modules, our capabilities, SCSI adapters and what they can be, and
for every carrier whether it is ready, possible after what it says, or not to be had here. An "interface" is needed for
IP over any carrier. Exit code 7: no host could come up now.
`;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Tells what this machine can do, and how to get what is missing.')
    .addOption(new Option('--clean', 'take away what killed hosts on tcmu: left in the kernel, nothing else'))
    .addOption(jsonOption())
    .addHelpText('after', `${notes}${exitCodeHelp}`)
    .action(({ json = false, clean: cleaning }: { json?: boolean; clean?: true }) => {
      process.exitCode = (cleaning ? clean : doctor)({ json }, standardOutput());
    });
}
