/** Which ranks run on which host. Pure. */

import { usageError } from '../failure.ts';
import type { HostEntry } from './hosts.ts';
import { maxRanks } from './job-options.ts';

/** A host with work to do. */
export interface HostShare extends HostEntry {
  readonly ranks: readonly number[];
}

const slotsOf = (hosts: readonly HostEntry[]) => hosts.reduce((sum, { slots }) => sum + slots, 0);

/**
 * Fills hosts slot by slot, one after another; where there are more ranks than slots and the user agreed to it, begins
 * again. Without a size, every slot gets a rank. Hosts without ranks are left out. @throws CliError when they don't fit
 */
export function mapRanks(
  hosts: readonly HostEntry[],
  wanted: number | undefined,
  oversubscribe: boolean,
): HostShare[] {
  const slots = slotsOf(hosts);
  const size = wanted ?? slots;
  if (size > maxRanks)
    throw usageError(`${size} slots are more ranks than a job can have`, `at most ${maxRanks}`, 'give -n');
  if (size > slots && !oversubscribe)
    throw usageError(
      `${size} ranks don't fit into ${slots} slot${slots === 1 ? '' : 's'} on ${hosts.map(({ name }) => name).join(', ')}`,
      `-n ${slots} or less`,
      'name more slots (slots=N in the hostfile, --host NAME:N), or say --oversubscribe',
    );
  const ranks = hosts.map((): number[] => []);
  for (let next = 0; next < size; )
    for (const [i, host] of hosts.entries())
      for (let slot = 0; slot < host.slots && next < size; slot++) ranks[i]?.push(next++);
  return hosts
    .map((host, i) => ({ ...host, ranks: ranks[i] ?? [] }))
    .filter((share) => share.ranks.length > 0);
}

/** Runs of ranks that follow each other on one host, in the order of ranks. */
function runs(shares: readonly HostShare[]): (readonly [host: number, ranks: number])[] {
  const hostOf = new Map(shares.flatMap(({ ranks }, host) => ranks.map((rank) => [rank, host] as const)));
  const list: [number, number][] = [];
  for (let rank = 0; rank < hostOf.size; rank++) {
    const host = hostOf.get(rank) ?? 0;
    const last = list.at(-1);
    if (last?.[0] === host) last[1]++;
    else list.push([host, 1]);
  }
  return list;
}

/**
 * The same for PMI's clients (the key PMI_process_mapping): blocks of first host, number of hosts, ranks on each.
 * "(vector,(0,2,4))": four ranks on each of two hosts.
 */
export function processMapping(shares: readonly HostShare[]): string {
  const blocks: [first: number, hosts: number, ranks: number][] = [];
  for (const [host, ranks] of runs(shares)) {
    const last = blocks.at(-1);
    if (last && last[2] === ranks && last[0] + last[1] === host) last[1]++;
    else blocks.push([host, 1, ranks]);
  }
  return `(vector,${blocks.map((block) => `(${block.join(',')})`).join(',')})`;
}
