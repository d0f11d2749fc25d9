/** Text in columns. Cells may hold what other hosts said of themselves, so nothing in them reaches the terminal unseen. */

import { type Colours, noColours } from './colours.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Control characters, and those that turn the direction of writing, made visible. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

/** Lines of a table: a head, and a line for each row; two spaces between columns, none at a line's end. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colours: Colours = noColours,
): string[] {
  const cells = rows.map((row) => columns.map((_, i) => printable(row[i] ?? '')));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    columns
      .map(({ align }, i) => {
        const width = widths[i] ?? 0;
        return align === 'right' ? (row[i] ?? '').padStart(width) : (row[i] ?? '').padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [colours.bold(line(columns.map(({ title }) => title))), ...cells.map(line)];
}
