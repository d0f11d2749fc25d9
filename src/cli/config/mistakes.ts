/** What is wrong in a bus file, by line. */

import { CliError } from '../failure.ts';

/** One thing that is wrong. */
export interface Mistake {
  /** The first line is 1. */
  readonly line: number;
  readonly message: string;
  readonly expected: string | undefined;
  readonly hint: string | undefined;
}

/** Everything that is wrong in a bus file; as a failure of a command it shows the first mistake. */
export class BusFileError extends CliError {
  readonly file: string;
  /** By line; at least one. */
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];

  constructor(
    file: string,
    mistakes: readonly [Mistake, ...Mistake[]],
    warnings: readonly Mistake[],
    code: 'usage' | 'permission' = 'usage',
  ) {
    const [first, ...others] = mistakes;
    const more = others.length === 0 ? '' : `; \`ipscsi config check\` shows ${others.length} more`;
    const hint = `${first.hint ?? ''}${more}`.replace(/^; /, '');
    super(code, `${file}:${first.line}: ${first.message}`, first.expected, hint === '' ? undefined : hint);
    this.file = file;
    this.mistakes = mistakes;
    this.warnings = warnings;
  }
}

/** Gathers mistakes, so that all are told at once. */
export class Findings {
  readonly mistakes: Mistake[] = [];
  readonly warnings: Mistake[] = [];

  mistake(line: number, message: string, expected?: string, hint?: string): void {
    this.mistakes.push({ line, message, expected, hint });
  }

  warn(line: number, message: string, expected?: string, hint?: string): void {
    this.warnings.push({ line, message, expected, hint });
  }

  /** What `attempt` gives; a CliError of its is a mistake in that line, `whose` it is before its words. */
  try<T>(line: number, attempt: () => T, whose = ''): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.mistake(line, `${whose}${error.message}`, error.expected, error.hint);
      return undefined;
    }
  }

  /** @throws BusFileError if there is a mistake */
  settle(file: string): void {
    const [first, ...others] = byLine(this.mistakes);
    if (first) throw new BusFileError(file, [first, ...others], byLine(this.warnings));
  }
}

export const byLine = (mistakes: readonly Mistake[]): Mistake[] =>
  [...mistakes].sort((a, b) => a.line - b.line);
