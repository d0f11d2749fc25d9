/** `npm run bench -- mpi`: what it takes. */

import type { Command } from 'commander';
import { suiteCommand } from '../suite.ts';
import { figures } from './figures.ts';

const explanation = `Open MPI and MPICH are measured where Debian's openmpi-bin, libopenmpi-dev and mpich are installed, by the same program in C.
"ipscsi" sends from ordinary arrays, "ipscsi alloc" from mpi.alloc(). Results are kept in bench/results/ as JSON, SVG and Markdown.
`;

export const mpiCommand = (): Command =>
  suiteCommand({
    name: 'mpi',
    description:
      'Measures MPI straight on SCSI commands in shared memory, beside Open MPI and MPICH, in turn, several rounds.',
    figures,
    explanation,
    rounds: 5,
  });
