/** The table of a figure: a line for each metric, a column for each contender; then what was expected. */

import type { Colours } from '../src/cli/colours.ts';
import { tableLines } from '../src/cli/table.ts';
import type { FigureResult, Measured, Verdict } from './run.ts';
import { formatNumber } from './statistics.ts';

const unique = (values: readonly string[]) => [...new Set(values)];

function cell(measured: Measured | undefined): string {
  if (!measured) return '–';
  const { median, min, max, samples } = measured;
  const spread = samples.length > 1 ? ` (${formatNumber(min)}–${formatNumber(max)})` : '';
  return `${formatNumber(median)}${spread}`;
}

/** "ipscsi is 1.20 (1.10–1.31) × veth; expected ≥ 1 ×: met". */
function verdictLine(verdict: Verdict, unit: string): string {
  const { metric, of, to, value, spread, atLeast, atMost, cores, met } = verdict;
  const times = to === undefined ? ` ${unit}` : ` × ${to}`;
  const range = spread ? ` (${spread.map(formatNumber).join('–')})` : '';
  const found = `${metric}: ${of} has ${formatNumber(value)}${range}${times}`;
  if (atLeast === undefined && atMost === undefined) return found;
  const limit = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  const judged = met === undefined ? `not judged with fewer than ${cores} cores` : met ? 'met' : 'not met';
  return `${found}; expected ${limit}${to === undefined ? times : ' ×'}: ${judged}`;
}

function coloured(line: string, { met }: Verdict, colours: Colours): string {
  if (met === undefined) return line;
  return met ? colours.green(line) : colours.red(line);
}

export function figureLines(result: FigureResult, colours: Colours): string[] {
  const { name, title, measured, verdicts } = result;
  const contenders = unique(measured.map(({ contender }) => contender));
  const columns = [
    { title: 'median (min–max)' },
    { title: '' },
    ...contenders.map((each) => ({ title: each, align: 'right' }) as const),
  ];
  const unitOf = (metric: string) => measured.find((each) => each.metric === metric)?.unit ?? '';
  const rows = unique(measured.map(({ metric }) => metric)).map((metric) => [
    metric,
    unitOf(metric),
    ...contenders.map((each) =>
      cell(measured.find((found) => found.contender === each && found.metric === metric)),
    ),
  ]);
  return [
    colours.bold(`${title} [${name}]`),
    ...(rows.length > 0 ? tableLines(columns, rows, colours) : []),
    ...verdicts.map((verdict) => coloured(verdictLine(verdict, unitOf(verdict.metric)), verdict, colours)),
    ...result.notes,
    ...result.skipped.map(({ contender, reason }) => `${contender}: left out, ${reason}`),
    ...result.failed.map(({ contender, reason }) => colours.red(`${contender}: FAILED, ${reason}`)),
    '',
  ];
}
