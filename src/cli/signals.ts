/** Being told to stop: the first signal asks, the second ends the process at once. */

import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals that come together are one: npm passes on the Ctrl-C that its child gets from the terminal, too, and the
 * kernel tells of a parent's death once for each of its threads (PR_SET_PDEATHSIG).
 */
const togetherMs = 300;

/** Fires at the first signal. A second one exits with 128 plus its number, as shells expect. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const signal of signals)
    process.on(signal, () => {
      if (!controller.signal.aborted) first = performance.now();
      else if (performance.now() - first > togetherMs) process.exit(128 + constants.signals[signal]);
      controller.abort(signal);
    });
  return controller.signal;
}

/** Settles when the signal fires. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Waits, but not longer than until the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
