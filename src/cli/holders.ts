/** Who holds IDs on a bus of this machine, as the files in its directory and the system tell: hosts need not answer. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHolder } from '../transport/shm/plain-file.ts';

export interface Holder {
  readonly id: number;
  readonly pid: number;
  readonly hostName: string;
  /** Stopped by a signal or a debugger. */
  readonly stopped: boolean;
}

/** The holder that `<id>.lock` names, if its process lives. */
export function holderOf(directory: string, id: number): Holder | undefined {
  try {
    const { pid, hostName } = readHolder(join(directory, `${id}.lock`));
    if (pid === 0) return undefined;
    const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    return { id, pid, hostName, stopped: 'Tt'.includes(state) };
  } catch {
    return undefined;
  }
}

/** IDs that have a file with this ending in the bus's directory; undefined: there is no such directory. */
export function idsWith(ending: string, directory: string): number[] | undefined {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return names
    .filter((name) => name.endsWith(ending) && /^\d{1,3}$/.test(name.slice(0, -ending.length)))
    .map((name) => Number(name.slice(0, -ending.length)))
    .sort((a, b) => a - b);
}

/** Every live process that holds an ID. */
export function holdersOn(directory: string): Holder[] {
  return (idsWith('.lock', directory) ?? []).flatMap((id) => holderOf(directory, id) ?? []);
}

/** "process 123 is stopped". */
export const describeHolder = ({ pid, stopped }: Holder): string =>
  `process ${pid} ${stopped ? 'is stopped' : 'is busy or hangs'}`;
