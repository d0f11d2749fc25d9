/** `npm run bench -- net`: what it takes, and what it prints. */

import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { needsUserNamespace, probeMachine, reexecInUserNamespace } from '../../src/cli/demo/privilege.ts';
import { usageError } from '../../src/cli/failure.ts';
import { type Output, standardOutput } from '../../src/cli/output.ts';
import { stopSignal } from '../../src/cli/signals.ts';
import { describeEnvironment, type Environment, environment, warnings } from '../environment.ts';
import { type Panel, plot } from '../plot.ts';
import { writeResult } from '../results.ts';
import type { Figure, Plan } from './figure.ts';
import { figures } from './figures.ts';
import { figureLines } from './report.ts';
import { type FigureResult, runFigure } from './run.ts';

interface Flags {
  readonly smoke?: true;
  readonly rounds?: number;
  readonly json?: true;
  readonly only?: readonly string[];
}

const defaultRounds = 5;
const mostRounds = 100;

function parseRounds(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= mostRounds) return value;
  throw usageError(`number of rounds "${text}" is not valid`, `a whole number from 1 to ${mostRounds}`);
}

/** The figures of those names; all without any. @throws CliError when there is none of a name */
export function choose(names: readonly string[] = []): readonly Figure[] {
  const known = figures.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name)) throw usageError(`there is no figure "${name}"`, known.join(', '));
  return names.length === 0 ? figures : figures.filter(({ name }) => names.includes(name));
}

const panelsOf = ({ name: figure, metrics }: Figure, { measured }: FigureResult): Panel[] =>
  metrics
    .filter(({ plotted }) => plotted !== false)
    .map(({ name, unit }) => ({
      title: `${figure}: ${name}`,
      unit,
      bars: measured
        .filter(({ metric }) => metric === name)
        .map((each) => ({ ...each, label: each.contender })),
    }))
    .filter(({ bars }) => bars.length > 0);

/** Keeps the results as JSON and as a plot; gives the files' paths. */
function keep(
  where: Environment,
  smoke: boolean,
  chosen: readonly Figure[],
  results: readonly FigureResult[],
) {
  const name = `net-${smoke ? 'smoke' : where.date.slice(0, 16).replace(/[-:]/g, '')}`;
  const panels = chosen.flatMap((figure, i) => panelsOf(figure, results[i] as FigureResult));
  const json = JSON.stringify({ suite: 'net', environment: where, figures: results }, undefined, 2);
  return [
    writeResult(`${name}.json`, `${json}\n`),
    writeResult(`${name}.svg`, plot('ipscsi: net', describeEnvironment(where), panels)),
  ];
}

async function measureAll(
  { smoke, rounds, json, only }: Flags,
  output: Output,
  stop: AbortSignal,
): Promise<number> {
  probeMachine();
  const where = environment();
  const chosen = choose(only);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const print = (lines: readonly string[]) => {
    if (!json) for (const line of lines) output.line(line);
  };
  print([describeEnvironment(where), ...warnings(where).map((each) => `Warning: ${each}.`), '']);
  const plan: Plan = { smoke: smoke ?? false, stop, say };
  const results: FigureResult[] = [];
  for (const figure of chosen) {
    const result = await runFigure(figure, rounds ?? (smoke ? 1 : defaultRounds), where.cores, plan);
    results.push(result);
    print(figureLines(result, output.colours));
  }
  const files = keep(where, plan.smoke, chosen, results);
  if (json) output.line(JSON.stringify({ suite: 'net', environment: where, figures: results }));
  say(`Kept in ${files.join(' and ')}.`);
  return results.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

async function run(flags: Flags): Promise<number> {
  if (needsUserNamespace()) return reexecInUserNamespace(process.argv.slice(2));
  const stop = stopSignal();
  setMaxListeners(0, stop); // every process that we start listens
  try {
    return await measureAll(flags, standardOutput(), stop);
  } catch (error) {
    if (!stop.aborted) throw error;
    return 128 + constants.signals[stop.reason as NodeJS.Signals];
  }
}

const explanation = `
Figures: ${figures.map(({ name }) => name).join(', ')}.
It makes its own network namespaces and touches nothing else; as root, or without root in a user namespace.
iperf3 and socat are used where they are installed. Results are kept in bench/results/ as JSON and SVG.
`;

export function netCommand(): Command {
  return new Command('net')
    .description('Measures ipscsi, veth, loopback and socat in turn, several rounds: medians and ratios.')
    .addOption(new Option('--smoke', 'everything once, as briefly as can be: does it work?'))
    .addOption(new Option('--rounds <n>', `default ${defaultRounds}, with --smoke 1`).argParser(parseRounds))
    .addOption(new Option('--json', 'print the results as one line of JSON instead of tables'))
    .addOption(new Option('--only <figure...>', 'only these figures'))
    .addHelpText('after', explanation)
    .action(async (flags: Flags) => {
      choose(flags.only);
      process.exitCode = await run(flags);
    });
}
