/** Who a rank is and where: what the machine says of it. */

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { usableAddresses } from './addresses.ts';
import type { Introduction } from './hosts.ts';
import type { Wishes } from './wishes.ts';

/** What the kernel says, or nothing where it does not. */
function ask(question: () => string): string {
  try {
    return question().trim();
  } catch {
    return '';
  }
}

/** The file system of a directory that may not be there yet. */
function deviceOf(directory: string): number {
  try {
    return statSync(directory).dev;
  } catch {
    const parent = dirname(directory);
    return parent === directory ? -1 : deviceOf(parent);
  }
}

/**
 * Ranks share memory where they have the same kernel and the same tmpfs. Those in another network namespace are taken for
 * another host: they have other addresses.
 */
const machineOf = (directory: string): string =>
  [
    hostname(),
    ask(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    ask(() => readlinkSync('/proc/self/ns/net')),
    String(deviceOf(dirname(directory))),
  ].join(' ');

/** `directory`: the job's on this host; its parent is there. */
export const introduce = (directory: string, { addresses, host }: Wishes): Introduction => ({
  host: host ?? hostname(),
  machine: machineOf(directory),
  directory,
  addresses: usableAddresses(networkInterfaces(), addresses),
});
