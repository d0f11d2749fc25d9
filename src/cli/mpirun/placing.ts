/** Which hosts a job has, and which ranks they have. Loaded where hosts are named alone. */

import { readFileSync } from 'node:fs';
import { usageError } from '../failure.ts';
import { type HostEntry, parseHostfile, parseHostList } from './hosts.ts';
import type { JobOptions } from './job-options.ts';
import { mapRanks } from './mapping.ts';

function readHostfile(file: string): HostEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`the hostfile can't be read: ${(error as Error).message}`, 'a file that names hosts');
  }
  return parseHostfile(text, file);
}

interface Wish {
  readonly np?: number;
  readonly hostfile?: string;
  readonly host?: string;
  readonly oversubscribe?: boolean;
}

/** @throws CliError */
export function placeOnHosts(wish: Wish): Pick<JobOptions, 'size' | 'hosts' | 'universe'> {
  const { np, hostfile, host = '', oversubscribe = false } = wish;
  const entries = hostfile === undefined ? parseHostList(host) : readHostfile(hostfile);
  const hosts = mapRanks(entries, np, oversubscribe);
  const size = hosts.reduce((sum, { ranks }) => sum + ranks.length, 0);
  return { size, hosts, universe: entries.reduce((sum, { slots }) => sum + slots, 0) };
}
