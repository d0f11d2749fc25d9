/** `ipscsi mpi-sim`: what it takes. */

import { Command } from 'commander';
import { exitCodeHelp } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { mpiSim } from './mpi-sim.ts';

const examples = `
Examples:
  ipscsi mpi-sim lab.toml
  ipscsi mpi-sim lab.toml --collectives --svg lab.svg
  ipscsi mpi-sim lab.toml --json | jq '.classes[0]'

A file, with the network by name or bus by bus (alpha in µs, beta in µs per byte):
  [carriers.shm]
  alpha = 0.4
  beta = 0.0001
  [generate]
  kind = "star-of-stars"   # or bus, chain, ring, two-rails, random: nodes = 8; hypercube: dimensions = 6
  side = 8
`;

interface SimFlags {
  readonly json?: boolean;
  readonly collectives?: boolean;
  readonly svg?: string;
}

export function mpiSimCommand(): Command {
  return new Command('mpi-sim')
    .description(
      "MPI's routing table on a simulated network: which way messages of which size go, and how long collectives take.",
    )
    .argument('<topology>', 'the file that describes the network, TOML')
    .option('--collectives', 'run the collectives in virtual time, too')
    .option('--svg <file>', 'and draw their times over the sizes')
    .addOption(jsonOption())
    .addHelpText('after', `${examples}${exitCodeHelp}`)
    .action((file: string, { json = false, collectives = false, svg }: SimFlags) => {
      const settings = { file, json, collectives: collectives || svg !== undefined, svg };
      const complain = (line: string) => void process.stderr.write(`${line}\n`);
      process.exitCode = mpiSim(settings, standardOutput(), complain);
    });
}
