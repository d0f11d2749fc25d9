/** Waiting for something to become so, and the only pause in these tests. */

import { setTimeout as pause } from 'node:timers/promises';

const every = 20;
/** An emulated machine takes its time, on a busy one most of all. */
const usualLimitMs = process.env['IN_VM'] ? 240_000 : 30_000;

/**
 * Looks again and again until what it sees is not undefined, null or false, and gives that.
 * @throws Error naming `what` when it was not so within `limitMs`; an error of `look` ends the waiting at once
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  limitMs = usualLimitMs,
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false)
      return seen as Exclude<T, undefined | null | false>;
    if (performance.now() >= end) throw new Error(`${what}: not so within ${limitMs / 1000} s`);
    await pause(every);
  }
}

/** Lets a span of time pass that is itself what is tested: how little an idle host does in it. */
export const span = (ms: number): Promise<void> => pause(ms);
