/** Results as a table for a README: a line for each metric, a column for each contender, medians in the cells. */

import type { FigureResult } from './run.ts';
import { formatNumber } from './statistics.ts';

const unique = (values: readonly string[]) => [...new Set(values)];
const row = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Contenders stand in the order in which they are first met; one that was not measured has a dash. */
export function markdownTable(results: readonly FigureResult[]): string {
  const contenders = unique(results.flatMap(({ measured }) => measured.map(({ contender }) => contender)));
  const lines = results.flatMap(({ title, measured }) =>
    unique(measured.map(({ metric }) => metric)).map((metric) => {
      const found = measured.filter((each) => each.metric === metric);
      const cells = contenders.map((name) => {
        const median = found.find(({ contender }) => contender === name)?.median;
        return median === undefined ? '–' : formatNumber(median);
      });
      return row([`${title}: ${metric}, ${found[0]?.unit ?? ''}`, ...cells]);
    }),
  );
  const rule = `|---|${contenders.map(() => '---:|').join('')}`;
  return [row(['', ...contenders]), rule, ...lines, ''].join('\n');
}
