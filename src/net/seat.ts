/** An ID held among the hosts of this machine that are on the same bus, where the carrier itself has no such thing. */

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { leaveDirectory, openDirectory, sweepDead } from '../transport/shm/claim.ts';
import { BusError } from '../transport/shm/errors.ts';
import { claimOne } from '../transport/shm/join.ts';
import { fromBusError } from './bus-error.ts';
import type { HostOptions } from './host.ts';

/** Takes the ID, until disposed of or until we die. @throws HostError 'id-taken' */
export function takeSeat(options: HostOptions): Disposable {
  const { directory, id, width, hostName } = options;
  try {
    openDirectory(directory);
    sweepOthers(directory);
    const { claim } = claimOne({ directory, width, hostName }, id);
    return {
      [Symbol.dispose]() {
        claim.release();
        leaveDirectory(directory);
      },
    };
  } catch (error) {
    leaveDirectory(directory);
    throw error instanceof BusError ? fromBusError(error, options) : error;
  }
}

/** Removes what killed hosts left of other buses whose names are derived as ours is: "@iscsi-…". */
function sweepOthers(directory: string): void {
  const kind = /^@\w+-/.exec(basename(directory))?.[0];
  if (kind === undefined) return;
  for (const name of readdirSync(dirname(directory))) {
    const other = join(dirname(directory), name);
    if (!name.startsWith(kind) || other === directory) continue;
    sweepDead(other);
    leaveDirectory(other);
  }
}
