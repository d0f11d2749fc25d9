/** What a process holds, to be compared before and after. */

import { readdirSync, readFileSync } from 'node:fs';

export interface Holdings {
  readonly descriptors: number;
  readonly mappings: number;
  /** Resident memory, in bytes. */
  readonly resident: number;
}

export function holdings(pid: number): Holdings {
  const proc = `/proc/${pid}`;
  return {
    descriptors: readdirSync(`${proc}/fd`).length,
    mappings: readFileSync(`${proc}/maps`, 'utf8').trim().split('\n').length,
    resident: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${proc}/status`, 'utf8'))?.[1]) * 1024,
  };
}

/** What an engine's heaps and caches may take in the meantime without being a leak. */
const slack: Holdings = { descriptors: 4, mappings: 60, resident: 32 << 20 };

/** What grew beyond that, in words; empty: nothing. */
export function leaks(who: string, before: Holdings, after: Holdings): string[] {
  return (Object.keys(slack) as (keyof Holdings)[])
    .filter((what) => after[what] > before[what] + slack[what])
    .map((what) => `${who}: ${what} grew from ${before[what]} to ${after[what]}`);
}
