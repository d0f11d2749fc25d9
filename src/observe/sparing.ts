/** A logger for what strangers can cause: each event once in a while, and how many of them were left out. */

import type { Logger } from './logger.ts';

const usuallyEveryMs = 1000;

/** `now`: milliseconds of a monotonic clock. Events are told apart by their texts, which must be few. */
export function sparing(logger: Logger, now: () => number, everyMs: number = usuallyEveryMs): Logger {
  const last = new Map<string, { readonly at: number; leftOut: number }>();
  return {
    log(level, event, facts) {
      const before = last.get(event);
      const at = now();
      if (before && at - before.at < everyMs) {
        before.leftOut++;
        return;
      }
      last.set(event, { at, leftOut: 0 });
      logger.log(level, event, before?.leftOut ? { ...facts, leftOut: before.leftOut } : facts);
    },
  };
}
