/** `ipscsi doctor --clean`: takes away what hosts on `tcmu:` left in the kernel when they were killed. */

import { sweepTcmu } from '../../transport/tcmu/open.ts';
import { TcmuError } from '../../transport/tcmu/options.ts';
import { ExitCode } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { Output } from '../output.ts';

/** Devices that a host serves stay. @throws CliError */
export function clean(
  { json, sweep = sweepTcmu }: { json: boolean; sweep?: typeof sweepTcmu },
  output: Output,
): ExitCode {
  const removed = attempt(sweep);
  if (json) output.line(JSON.stringify({ removed }));
  else if (removed.length === 0) output.line('nothing was left behind');
  else for (const name of removed) output.line(`removed ${name}`);
  return ExitCode.ok;
}

function attempt(sweep: typeof sweepTcmu): readonly string[] {
  try {
    return sweep();
  } catch (error) {
    if (!(error instanceof TcmuError)) throw error;
    const permission = error.fault === 'permission';
    throw new CliError(
      permission ? 'permission' : 'failure',
      error.message,
      undefined,
      permission ? 'run as root' : 'see what is below /sys/kernel/config/target',
    );
  }
}
