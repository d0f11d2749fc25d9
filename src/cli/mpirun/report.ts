/** What is said of a job that is stuck or has lost a rank. Pure: sightings in, lines out. */

import { ANY_SOURCE, ANY_TAG } from '../../mpi/constants.ts';
import type { Sighting } from '../../mpi/job-page.ts';

/** A rank and what it was last seen doing. */
export interface Seen extends Sighting {
  readonly rank: number;
}

const receives = ['recv', 'irecv', 'probe', 'mprobe'];

/** "recv from rank 1, tag 7, 800 bytes". */
export function describeCall({ operation, peer, tag, bytes, waitsFor, blocked }: Sighting): string {
  const words = [operation];
  if (peer === ANY_SOURCE && receives.includes(operation)) words.push(' from any rank');
  else if (peer >= 0) words.push(receives.includes(operation) ? ` from rank ${peer}` : ` to rank ${peer}`);
  if (peer >= 0 || peer === ANY_SOURCE) words.push(tag === ANY_TAG ? ', any tag' : `, tag ${tag}`);
  if (bytes > 0) words.push(`, ${bytes} bytes`);
  const others = waitsFor.filter((rank) => rank !== peer);
  if (blocked && others.length > 0) words.push(`, waits for rank ${others.join(', ')}`);
  return words.join('');
}

/** A line for a rank. */
function describeRank(seen: Seen): string {
  if (seen.finalized) return `  rank ${seen.rank}: has finalized`;
  if (!seen.blocked) return `  rank ${seen.rank}: runs; last call ${describeCall(seen)}`;
  return `  rank ${seen.rank}: ${describeCall(seen)}${seen.at && ` (${seen.at})`}`;
}

/** Ranks that wait for each other in a circle, each for the next; undefined: there is no circle. */
export function findCycle(ranks: readonly Seen[]): number[] | undefined {
  const next = new Map(ranks.filter((one) => one.blocked).map((one) => [one.rank, one.waitsFor]));
  const over = new Set<number>();
  for (const start of next.keys()) {
    const cycle = over.has(start) ? undefined : follow(next, [start], over);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Depth first; from those in `over` no way leads into a circle, so nobody is looked at twice. */
function follow(
  next: ReadonlyMap<number, readonly number[]>,
  path: readonly number[],
  over: Set<number>,
): number[] | undefined {
  const last = path.at(-1) as number;
  for (const rank of next.get(last) ?? []) {
    const at = path.indexOf(rank);
    if (at >= 0) return path.slice(at);
    const cycle = over.has(rank) ? undefined : follow(next, [...path, rank], over);
    if (cycle) return cycle;
  }
  over.add(last);
  return undefined;
}

/** The whole explanation. */
export function explain(ranks: readonly Seen[], heading: string): string[] {
  const lines = [heading, ...ranks.map(describeRank)];
  const cycle = findCycle(ranks);
  if (cycle) {
    const steps = cycle.map((rank, i) => `rank ${rank} waits for rank ${cycle[(i + 1) % cycle.length]}`);
    lines.push(`deadlock: ${steps.join(', ')}`);
    return lines;
  }
  const gone = new Set(ranks.filter((one) => one.finalized).map((one) => one.rank));
  for (const one of ranks)
    for (const rank of one.blocked ? one.waitsFor : [])
      if (gone.has(rank)) lines.push(`rank ${one.rank} waits for rank ${rank}, which has finalized`);
  return lines;
}
