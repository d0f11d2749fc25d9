/** `npm run bench -- mpi`: what it takes. */

import { Command, Option } from 'commander';
import { kinds, runCases } from './run.ts';

interface Flags {
  readonly smoke?: boolean;
  readonly json?: boolean;
  readonly only?: string;
}

export function mpiCommand(): Command {
  return new Command('mpi')
    .description(
      'MPI straight on SCSI commands in shared memory, beside Open MPI and MPICH where they are installed.',
    )
    .option('--smoke', 'one case, few rounds')
    .option('--json', 'print JSON')
    .addOption(new Option('--only <kind>', 'one kind of measurement').choices(kinds))
    .action(({ smoke = false, json = false, only }: Flags) => {
      runCases({ smoke, json, only });
    });
}
