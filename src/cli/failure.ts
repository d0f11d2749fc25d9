/** How a command fails: what is wrong, what was expected, what to do, and the exit code. */

import { CommanderError } from 'commander';
import { HostError, type HostErrorCode } from '../net/errors.ts';
import { BusError } from '../transport/shm/errors.ts';
import { TransportError } from '../transport/transport.ts';
import { busFaultCodes, ExitCode, hostExitCodes } from './exit-codes.ts';
import { printable } from './table.ts';

/** A failure, ready to be printed. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** A word for programs. */
  readonly code: string;
  readonly message: string;
  readonly expected: string | undefined;
  readonly hint: string | undefined;
}

/** A failure found by the command line itself. */
export class CliError extends Error implements Failure {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly expected: string | undefined;
  readonly hint: string | undefined;

  constructor(code: keyof typeof ExitCode, message: string, expected?: string, hint?: string) {
    super(message);
    this.exitCode = ExitCode[code];
    this.code = code === 'noSpace' ? 'no-space' : code;
    this.expected = expected;
    this.hint = hint;
  }
}

/** A value on the command line is wrong. */
export const usageError = (message: string, expected: string, hint?: string): CliError =>
  new CliError('usage', message, expected, hint);

/** "error: unknown option '--x'\n(Did you mean --y?)" on one line, without its first word. */
const oneLine = (message: string) => message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');

/** What the system's error names mean for the exit code. */
const systemCodes: Readonly<Record<string, HostErrorCode>> = {
  EACCES: 'permission',
  EPERM: 'permission',
  ENOSPC: 'no-space',
};

/** What to do where the one who threw did not say. */
const advice: Readonly<Partial<Record<HostErrorCode, readonly [expected: string, hint: string]>>> = {
  'id-taken': [
    'an ID that no other host has',
    '`ipscsi scan` shows which are in use; take another, or stop that host',
  ],
  'bus-full': ['a free ID', 'stop a host, or start all hosts anew with a greater --width'],
  'bus-mismatch': ['the width that its hosts have', 'give the same --width to all hosts'],
  'bus-owner': ['a directory of our own', 'run as its owner, or choose another bus'],
  permission: ['the right to do so', 'run as root, or as the user who owns the bus'],
  'no-space': [
    'room for a host in the file system of the bus',
    'free some (df -h /dev/shm), or make it greater',
  ],
};

function advised(code: HostErrorCode, message: string, expected?: string, hint?: string): Failure {
  const [should, todo] = advice[code] ?? [];
  return { exitCode: hostExitCodes[code], code, message, expected: expected ?? should, hint: hint ?? todo };
}

/** Says of anything thrown what there is to say. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return error;
  if (error instanceof HostError) {
    const { code, message, expected, hint } = error;
    return advised(code, message, expected, hint);
  }
  if (error instanceof BusError) return advised(busFaultCodes[error.fault], error.message);
  const system = systemCodes[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  if (error instanceof Error && system) return advised(system, error.message);
  return describeOther(error);
}

function describeOther(error: unknown): Failure {
  const bare = { expected: undefined, hint: undefined };
  if (error instanceof TransportError)
    return { ...bare, exitCode: ExitCode.unreachable, code: error.fault, message: error.message };
  if (error instanceof CommanderError) {
    const hint = 'the option --help shows what there is';
    return { ...bare, exitCode: ExitCode.usage, code: 'usage', message: oneLine(error.message), hint };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { ...bare, exitCode: ExitCode.failure, code: 'failure', message };
}

/** "ipscsi: <what>; expected <what>; <what to do>". */
export function failureLine({ message, expected, hint }: Failure): string {
  const parts = [message, expected && `expected ${expected}`, hint];
  return printable(oneLine(`ipscsi: ${parts.filter((part) => part).join('; ')}`));
}

/** The same for programs: one object on one line. */
export function failureJson({ exitCode, code, message, expected, hint }: Failure): string {
  return JSON.stringify({ event: 'error', code, message, expected, hint, exitCode });
}
