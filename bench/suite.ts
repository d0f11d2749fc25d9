/** What every suite does: it measures the figures that are asked for, prints them, and keeps them in files. */

import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { usageError } from '../src/cli/failure.ts';
import { type Output, standardOutput } from '../src/cli/output.ts';
import { stopSignal } from '../src/cli/signals.ts';
import { describeEnvironment, type Environment, environment, warnings } from './environment.ts';
import type { Figure, Plan } from './figure.ts';
import { markdownTable } from './markdown.ts';
import { type Panel, plot } from './plot.ts';
import { figureLines } from './report.ts';
import { writeResult } from './results.ts';
import { type FigureResult, runFigure } from './run.ts';

export interface Suite {
  /** As on the command line. */
  readonly name: string;
  readonly description: string;
  readonly figures: readonly Figure[];
  /** Said at the end of the help. */
  readonly explanation: string;
  readonly rounds: number;
  /** Can it run here? @throws Error when not */
  readonly probe?: () => void;
  /** Has this process to start again in other surroundings first? Then its exit code. */
  readonly elsewhere?: () => Promise<number> | undefined;
}

interface Flags {
  readonly smoke?: true;
  readonly rounds?: number;
  readonly json?: true;
  readonly only?: readonly string[];
}

const mostRounds = 100;

function parseRounds(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= mostRounds) return value;
  throw usageError(`number of rounds "${text}" is not valid`, `a whole number from 1 to ${mostRounds}`);
}

/** The figures of those names; all without any. @throws CliError when there is none of a name */
export function choose(figures: readonly Figure[], names: readonly string[] = []): readonly Figure[] {
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

/** Keeps the results as JSON, as a plot and as a table in Markdown; gives the files' paths. */
function keep(
  suite: string,
  where: Environment,
  smoke: boolean,
  chosen: readonly Figure[],
  results: readonly FigureResult[],
) {
  const name = `${suite}-${smoke ? 'smoke' : where.date.slice(0, 16).replace(/[-:]/g, '')}`;
  const panels = chosen.flatMap((figure, i) => panelsOf(figure, results[i] as FigureResult));
  const json = JSON.stringify({ suite, environment: where, figures: results }, undefined, 2);
  return [
    writeResult(`${name}.json`, `${json}\n`),
    writeResult(`${name}.svg`, plot(`ipscsi: ${suite}`, describeEnvironment(where), panels)),
    writeResult(`${name}.md`, `${describeEnvironment(where)}\n\n${markdownTable(results)}`),
  ];
}

async function measureAll(
  { name, figures, rounds: usual, probe }: Suite,
  { smoke, rounds, json, only }: Flags,
  output: Output,
  stop: AbortSignal,
): Promise<number> {
  probe?.();
  const where = environment();
  const chosen = choose(figures, only);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const print = (lines: readonly string[]) => {
    if (!json) for (const line of lines) output.line(line);
  };
  print([describeEnvironment(where), ...warnings(where).map((each) => `Warning: ${each}.`), '']);
  const plan: Plan = { smoke: smoke ?? false, stop, say };
  const results: FigureResult[] = [];
  for (const figure of chosen) {
    const result = await runFigure(figure, rounds ?? (smoke ? 1 : usual), where.cores, plan);
    results.push(result);
    print(figureLines(result, output.colours));
  }
  const files = keep(name, where, plan.smoke, chosen, results);
  if (json) output.line(JSON.stringify({ suite: name, environment: where, figures: results }));
  say(`Kept in ${files.slice(0, -1).join(', ')} and ${files.at(-1)}.`);
  return results.some(({ failed }) => failed.length > 0) ? 1 : 0;
}

async function run(suite: Suite, flags: Flags): Promise<number> {
  const code = await suite.elsewhere?.();
  if (code !== undefined) return code;
  const stop = stopSignal();
  setMaxListeners(0, stop); // every process that we start listens
  try {
    return await measureAll(suite, flags, standardOutput(), stop);
  } catch (error) {
    if (!stop.aborted) throw error;
    return 128 + constants.signals[stop.reason as NodeJS.Signals];
  }
}

export function suiteCommand(suite: Suite): Command {
  const { name, description, figures, rounds, explanation } = suite;
  return new Command(name)
    .description(description)
    .addOption(new Option('--smoke', 'everything once, as briefly as can be: does it work?'))
    .addOption(new Option('--rounds <n>', `default ${rounds}, with --smoke 1`).argParser(parseRounds))
    .addOption(new Option('--json', 'print the results as one line of JSON instead of tables'))
    .addOption(new Option('--only <figure...>', 'only these figures'))
    .addHelpText('after', `\nFigures: ${figures.map((figure) => figure.name).join(', ')}.\n${explanation}`)
    .action(async (flags: Flags) => {
      choose(figures, flags.only);
      process.exitCode = await run(suite, flags);
    });
}
