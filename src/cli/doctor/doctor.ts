/** `ipscsi doctor`: what this machine can do. */

import { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { Machine } from './machine.ts';
import { reportLines } from './report.ts';
import { diagnose, isFit } from './transports.ts';

/** Prints the diagnosis. Exit code 7 where no host could come up now. */
export function doctor({ json, root }: { json: boolean; root?: string }, output: Output): ExitCode {
  const diagnosis = diagnose(new Machine(root));
  if (json) output.line(JSON.stringify({ fit: isFit(diagnosis), ...diagnosis }));
  else for (const line of reportLines(diagnosis, output.colours)) output.line(line);
  return isFit(diagnosis) ? ExitCode.ok : ExitCode.unsupported;
}
