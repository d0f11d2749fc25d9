/** Which host of a bus file we are. */

import { hostname } from 'node:os';
import { usageError } from '../failure.ts';
import type { BusFile, BusHost } from './bus-file.ts';

/** The host by its name in any case, or by the part of a machine's name before the first dot. */
export function findHost({ hosts }: BusFile, name: string): BusHost | undefined {
  const wanted = name.toLowerCase();
  const named = (text: string | undefined) => hosts.find((host) => host.name.toLowerCase() === text);
  return named(wanted) ?? named(wanted.split('.')[0]);
}

/** The host of that name; without one, the host that has this machine's name. @throws CliError */
export function hostIn(file: BusFile, name?: string, machine: string = hostname()): BusHost {
  const host = findHost(file, name ?? machine);
  if (host) return host;
  const expected = `one of ${file.hosts.map((one) => one.name).join(', ')}`;
  if (name !== undefined) throw usageError(`${file.file} has no host ${JSON.stringify(name)}`, expected);
  throw usageError(
    `${file.file} has no host of this machine's name, ${JSON.stringify(machine)}`,
    expected,
    'say which one it is: --host NAME',
  );
}
