#!/usr/bin/env node
/** The command line: finds the command, and loads that one alone, so that `up` is ready soon. */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { ExitCode, exitCodeHelp } from './exit-codes.ts';
import { describeFailure, failureJson, failureLine } from './failure.ts';
import { addLazily, type Lazy } from './lazy.ts';
import { version } from './version.ts';

/** Every command; its module is imported when it is called for. */
const commands: Readonly<Record<string, Lazy>> = {
  up: {
    summary: 'bring up a host: a network interface whose frames travel as SCSI commands',
    load: async () => {
      (await import('../net/thread.ts')).prepareThread();
      return (await import('./up/command.ts')).upCommand();
    },
  },
  scan: {
    summary: 'list the devices on a bus',
    load: async () => (await import('./scan/command.ts')).scanCommand(),
  },
  status: {
    summary: 'show what the running hosts of a bus count',
    load: async () => (await import('./status/command.ts')).statusCommand(),
  },
  ping: {
    summary: 'time SCSI commands to a target, without IP',
    load: async () => (await import('./ping/command.ts')).pingCommand(),
  },
  mpirun: {
    summary: 'run a program as the ranks of an MPI job',
    load: async () => (await import('./mpirun/command.ts')).mpirunCommand(),
  },
  'mpi-agent': {
    summary: "serve mpirun's launcher on a host of a job",
    hidden: true,
    load: async () => (await import('./mpirun/agent-command.ts')).mpiAgentCommand(),
  },
  'mpi-sim': {
    summary: "show MPI's routing table on a simulated network",
    load: async () => (await import('./mpi-sim/command.ts')).mpiSimCommand(),
  },
  target: {
    summary: 'serve a RAM disk over iSCSI',
    load: async () => (await import('./target/command.ts')).targetCommand(),
  },
  raw: {
    summary: 'send any CDB, and decode the answer',
    load: async () => (await import('./raw/command.ts')).rawCommand(),
  },
  config: {
    summary: 'check the file that tells the hosts of an iSCSI bus of each other',
    load: async () => (await import('./config/command.ts')).configCommand(),
  },
  doctor: {
    summary: 'tell what this machine can do, and how to get what is missing',
    load: async () => (await import('./doctor/command.ts')).doctorCommand(),
  },
  demo: {
    summary: 'show IP over SCSI between hosts of its own, in under a minute',
    load: async () => (await import('./demo/command.ts')).demoCommand(),
  },
};

const examples = `
Examples:
  ipscsi demo
  ipscsi up --bus shm:lab --id 3 --address 10.90.0.3/24
  ipscsi scan --bus shm:lab
  ipscsi status --bus shm:lab --watch
  ipscsi ping --bus shm:lab 3
`;

/** The program, with those commands loaded that the arguments name. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('ipscsi')
    .description('Computers joined by SCSI: IP over SCSI (RFC 2143).')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .addHelpText('after', `${examples}${exitCodeHelp}`);
  return addLazily(program, commands, args);
}

/** Runs a command line (without node and script) and gives the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args);
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? ExitCode.ok);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok; // help, version
    if (error instanceof CommanderError && error.code === 'commander.help') return ExitCode.usage; // shown in place of a command
    const failure = describeFailure(error);
    if (args.includes('--json')) process.stdout.write(`${failureJson(failure)}\n`);
    else process.stderr.write(`${failureLine(failure)}\n`);
    return failure.exitCode;
  }
}

/** Whoever reads our output may leave: `ipscsi scan | head -1`. Whoever reads the log may, too; that ends nothing. */
function endQuietlyWithoutReader(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? ExitCode.ok : ExitCode.failure);
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  endQuietlyWithoutReader();
  process.exit(await run(process.argv.slice(2)));
}
