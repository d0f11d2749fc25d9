/** `ipscsi mpirun`: what it takes. The options have the names that mpirun's users know. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { usageError } from '../failure.ts';
import { secondsOption } from '../options.ts';
import { type JobOptions, maxRanks } from './job-options.ts';
import { addRoutingOptions, type RoutingFlags, routingHelp, routingVariables } from './routing-options.ts';
import { runJob } from './run-job.ts';

interface MpirunFlags extends RoutingFlags {
  readonly np?: number;
  readonly x: readonly string[];
  readonly wdir?: string;
  readonly tagOutput?: boolean;
  readonly timeout?: number;
  readonly watchdog: number;
  readonly bindTo: 'none' | 'core';
  readonly memory?: number;
  readonly trace?: string;
  readonly hostfile?: string;
  readonly host?: string;
  readonly oversubscribe?: boolean;
  readonly launchAgent?: string;
  readonly remoteCommand?: string;
}

const help = `
A job ends with 0 when every rank called mpi.finalize() and ended with 0; else with the status of the first rank that
failed, 128 plus the signal that killed it, or 124 when its time was over. SIGQUIT (Ctrl-\\) asks what each rank does.

Examples:
  ipscsi mpirun -n 4 heat.js
  ipscsi mpirun -np 2 -x DEBUG=1 --tag-output --timeout 60 prog.js --size 100
  ipscsi mpirun --host a:2,b:2 prog.js
`;

function parseCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= maxRanks) return count;
  throw usageError(`${JSON.stringify(text)} ranks can't be started`, `1 to ${maxRanks}`);
}

function parseMebibytes(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (count >= 0 && count <= 1024) return count * 2 ** 20;
  throw usageError(`${JSON.stringify(text)} is not a number of MiB`, '0 to 1024');
}

const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];

/** What we take and commander does not: a two-letter short option, and an option whose value can't be the next word. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['-np', '-n'],
  ['-host', '--host'],
  ['-hostfile', '--hostfile'],
  ['-machinefile', '--hostfile'],
  ['--machinefile', '--hostfile'],
  ['--trace', '--trace='],
]);

class MpirunCommand extends Command {
  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    const end = this.#programAt(args);
    return super.parseOptions(args.map((arg, i) => (i < end ? (spellings.get(arg) ?? arg) : arg)));
  }

  /** Where the program's name is, behind our options. */
  #programAt(args: readonly string[]): number {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] as string;
      if (arg === '--' || !arg.startsWith('-')) return i;
      const name = spellings.get(arg) ?? arg;
      if (this.options.some(({ required, short, long }) => required && (short === name || long === name)))
        i++;
    }
    return args.length;
  }
}

/** How many ranks, and where. */
async function placing(flags: MpirunFlags): Promise<Pick<JobOptions, 'size' | 'hosts' | 'universe'>> {
  if (flags.hostfile === undefined && flags.host === undefined) {
    const size = flags.np ?? availableParallelism();
    return { size, hosts: undefined, universe: size };
  }
  return (await import('./placing.ts')).placeOnHosts(flags);
}

export function mpirunCommand(): Command {
  return addRoutingOptions(new MpirunCommand('mpirun'))
    .description('Runs a program as the ranks of an MPI job, whose messages are SCSI commands.')
    .passThroughOptions()
    .addArgument(new Argument('<program>', 'a JavaScript file, or any program'))
    .addArgument(new Argument('[args...]', 'its arguments'))
    .addOption(
      new Option('-n, --np <ranks>', 'how many ranks (default: one per processor); also -np').argParser(
        (text) => parseCount(text),
      ),
    )
    .addOption(
      new Option('-x <name[=value]>', 'set or hand on an environment variable; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('--wdir <directory>', 'run the ranks there'))
    .addOption(new Option('--tag-output', 'put the rank in front of every line'))
    .addOption(secondsOption('--timeout <seconds>', 'end the job after so long; 0: never', 0))
    .addOption(
      secondsOption(
        '--watchdog <seconds>',
        'explain a job in which nothing has moved for so long; 0: never',
        10_000,
      ),
    )
    .addOption(
      new Option('--bind-to <what>', 'bind each rank to a core of its own')
        .choices(['none', 'core'])
        .default('none'),
    )
    .addOption(
      new Option('--memory <MiB>', 'memory per rank for mpi.alloc() (default: 16)').argParser((text) =>
        parseMebibytes(text),
      ),
    )
    .addOption(
      new Option(
        '--trace [file]',
        'show every message, a line each, on standard error; --trace=FILE adds to a file',
      ),
    )
    .addOption(
      new Option(
        '--hostfile <file>',
        'run on the hosts in it, by ssh: a line each, NAME [slots=N] [ADDRESS …]; also --machinefile',
      ).conflicts('host'),
    )
    .addOption(new Option('-H, --host <list>', 'run on these hosts: NAME[:SLOTS],…'))
    .addOption(new Option('--oversubscribe', 'let hosts have more ranks than slots'))
    .addOption(
      new Option(
        '--launch-agent <command>',
        'get to a host so, in place of ssh: a command line with {host} in it',
      ),
    )
    .addOption(
      new Option(
        '--remote-command <command>',
        'call ipscsi so on the hosts (default: as here, node and path)',
      ),
    )
    .addHelpText('after', `${routingHelp}${help}`)
    .action(async (program: string, args: string[], flags: MpirunFlags) => {
      const place = await placing(flags);
      process.exitCode = await runJob({
        program,
        args,
        ...place,
        launchAgent: flags.launchAgent,
        remoteCommand: flags.remoteCommand,
        variables: [...(await routingVariables(flags, place.size)), ...flags.x],
        directory: flags.wdir,
        tagged: flags.tagOutput ?? false,
        timeoutMs: flags.timeout ?? 0,
        watchdogMs: flags.watchdog,
        bind: flags.bindTo === 'core',
        memory: flags.memory,
        trace: flags.trace === '' ? '-' : flags.trace && resolve(flags.trace),
      });
    });
}
