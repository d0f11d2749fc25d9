/** Processes that a process has started. */

import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../lab/until.ts';

/** Those that it started itself, in any of its threads, and that still are. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      (readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').match(/\d+/g) ?? []).map(Number),
    );
  } catch {
    return [];
  }
}

/** Those, and what they started. */
export const descendantsOf = (pid: number): number[] =>
  childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** Does something when all ranks have said that they are about to wait. */
export const whenWaiting =
  (ranks: number, act: (pid: number, output: () => string) => Promise<void> | void) =>
  (pid: number, output: () => string): void => {
    const waiting = () => output().split('waits\n').length > ranks;
    void until('the ranks wait', waiting, 30_000).then(() => act(pid, output));
  };
