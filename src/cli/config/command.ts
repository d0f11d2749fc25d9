/** `ipscsi config`: what it takes. */

import { Command } from 'commander';
import { exitCodeHelp } from '../exit-codes.ts';
import { jsonOption } from '../options.ts';
import { standardOutput } from '../output.ts';
import { check } from './check.ts';
import { exampleFile } from './example.ts';

const examples = `
Examples:
  ipscsi config example > lab.toml
  ipscsi config check lab.toml
  ipscsi config check lab.toml --host beta --json | jq .mistakes
`;

const checkExplained = `
Every mistake is told at once, by line. If this machine is one of the hosts, by its name or by --host, the
secrets that it needs are looked at too. Warnings alone end with exit code 0.
`;

interface CheckFlags {
  readonly host?: string;
  readonly json?: boolean;
}

/** A command below another does not inherit what the program does with errors. */
const below = (name: string): Command =>
  new Command(name)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .helpOption('-h, --help', 'show this help');

const checkCommand = (): Command =>
  below('check')
    .summary('explain the mistakes of a bus file, by line')
    .description('Checks a bus file and prints what it says, or every mistake with its line.')
    .argument('<file>', 'the bus file, TOML')
    .option('--host <name>', "which of its hosts this is (default: the one with this machine's name)")
    .addOption(jsonOption())
    .addHelpText('after', `${checkExplained}${examples}${exitCodeHelp}`)
    .action((file: string, { host, json = false }: CheckFlags) => {
      const complain = (line: string) => void process.stderr.write(`${line}\n`);
      process.exitCode = check({ file, host, json }, standardOutput(), complain);
    });

const exampleCommand = (): Command =>
  below('example')
    .summary('print a bus file with remarks')
    .description('Prints a bus file for three hosts, with remarks, to start from.')
    .action(() => void process.stdout.write(exampleFile));

export function configCommand(): Command {
  return new Command('config')
    .description('Bus files: the one file that tells all hosts of an iSCSI bus of each other.')
    .addCommand(checkCommand())
    .addCommand(exampleCommand())
    .addHelpText('after', `${examples}${exitCodeHelp}`);
}
