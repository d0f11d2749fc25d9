/** Where commands print: standard output in life, a list in tests. */

import { type Colours, coloursFor } from './colours.ts';

export interface Output {
  readonly colours: Colours;
  /** Prints a line. */
  line(text: string): void;
}

export const standardOutput = (): Output => ({
  colours: coloursFor(process.stdout),
  line: (text) => void process.stdout.write(`${text}\n`),
});
