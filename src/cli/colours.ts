/** Colours for terminals, and nothing for everything else. */

export interface Colours {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

const plain = (text: string) => text;
/** No colours at all. */
export const noColours: Colours = { bold: plain, dim: plain, red: plain, green: plain };

const wrap = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;
const ansi: Colours = { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), green: wrap(32, 39) };

/** Colours only on a terminal that has them, and never with NO_COLOR (no-color.org). */
export function coloursFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Colours {
  return stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? ansi : noColours;
}
