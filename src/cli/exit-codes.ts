/** What the process's exit code says; the one table that the help, docs/cli.md and the code share. */

import type { HostErrorCode } from '../net/errors.ts';
import type { BusFault } from '../transport/shm/errors.ts';

export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  taken: 3,
  permission: 4,
  unreachable: 5,
  noSpace: 6,
  unsupported: 7,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A line for each code. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done; up: told to stop, and stopped cleanly',
  1: 'failed for a reason that has no code of its own; up: the host ended by itself',
  2: 'the command line, or a file that it names, is wrong; nothing was done',
  3: 'taken: the SCSI ID, every ID of the bus, or the name of the interface',
  4: 'no permission: /dev/net/tun, a namespace, or a bus of another user',
  5: 'nobody there: no such bus, host or peer, or no answer in time',
  6: 'no space left: /dev/shm is full',
  7: 'the system lacks something: TUN/TAP, or a named network namespace',
};

/** Why a host can't be up, as an exit code. */
export const hostExitCodes: Readonly<Record<HostErrorCode, ExitCode>> = {
  'id-taken': ExitCode.taken,
  'bus-full': ExitCode.taken,
  'bus-mismatch': ExitCode.failure,
  'bus-owner': ExitCode.permission,
  'no-bus': ExitCode.unreachable,
  permission: ExitCode.permission,
  'no-tun': ExitCode.unsupported,
  'name-taken': ExitCode.taken,
  'no-netns': ExitCode.unsupported,
  address: ExitCode.failure,
  'no-space': ExitCode.noSpace,
  ended: ExitCode.failure,
  system: ExitCode.failure,
};

/** Why a bus can't be joined, as the code of a host's error. */
export const busFaultCodes: Readonly<Record<BusFault, HostErrorCode>> = {
  'id-taken': 'id-taken',
  'bus-full': 'bus-full',
  'bus-owner': 'bus-owner',
  width: 'bus-mismatch',
  'no-space': 'no-space',
  permission: 'permission',
};

/** The table, as `--help` prints it. */
export const exitCodeHelp = `
Exit codes:
${Object.entries(exitCodeMeanings)
  .map(([code, meaning]) => `  ${code}  ${meaning}`)
  .join('\n')}`;
