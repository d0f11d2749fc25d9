/** `npm run bench -- SUITE …`: finds the suite of benchmarks, and loads that one alone. */

import { Command, CommanderError } from 'commander';
import { describeFailure, failureLine } from '../src/cli/failure.ts';
import { addLazily, type Lazy } from '../src/cli/lazy.ts';

/** Every suite; its module is imported when it is called for. */
const suites: Readonly<Record<string, Lazy>> = {
  net: {
    summary: 'IP over SCSI beside veth, loopback and socat',
    load: async () => (await import('./net/command.ts')).netCommand(),
  },
  linux: {
    summary: "IP through sg and TCMU beside veth, under Debian's kernel",
    load: async () => (await import('./linux/command.ts')).linuxCommand(),
  },
  mpi: {
    summary: 'MPI beside Open MPI and MPICH',
    load: async () => (await import('./mpi/command.ts')).mpiCommand(),
  },
  'mpi-route': {
    summary: 'MPI between hosts: iSCSI beside TCP, two rails, forwarders, cuts',
    load: async () => (await import('./mpi-route/command.ts')).mpiRouteCommand(),
  },
  iscsi: {
    summary: 'our iSCSI initiator and target beside libiscsi and tgt',
    load: async () => (await import('./iscsi/command.ts')).iscsiCommand(),
  },
};

const help = `
Benchmarks never fail on speed: the exit code is 0 whatever was measured, 1 when something could not be measured,
2 when the command line is wrong. docs/benchmarks.md tells what each figure means.
`;

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('npm run bench --')
    .description('Measures how fast ipscsi is on this machine.')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [suite]', 'show the help of a suite')
    .addHelpText('after', help);
  return addLazily(program, suites, args);
}

/** Runs a command line (without node and script) and gives the exit code. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help
    const failure = describeFailure(error);
    if (!(error instanceof CommanderError && error.code === 'commander.help'))
      process.stderr.write(`${failureLine(failure).replace(/^ipscsi/, 'bench')}\n`);
    return failure.exitCode;
  }
}

process.exit(await run(process.argv.slice(2)));
