/**
 * The thread that a host will run in. It can be started before anything else is known, so that it loads its modules
 * while the caller is still reading its command line.
 */

import { Worker } from 'node:worker_threads';

/** The worker's heap: its work needs little. */
const heapLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 48 } as const;

let spare: Worker | undefined;

function start(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    resourceLimits: heapLimits,
    trackUnmanagedFds: false, // descriptors made by system call are closed like any other
  });
}

/** Starts a thread for the next takeThread(); nobody waits for it if that never comes. */
export function prepareThread(): void {
  spare ??= start();
  spare.unref();
}

/** The thread that was prepared, or a new one. */
export function takeThread(): Worker {
  const thread = spare ?? start();
  spare = undefined;
  thread.ref();
  return thread;
}
