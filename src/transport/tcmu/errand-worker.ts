/** The thread of an Errand. */

import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { perform } from './configfs.ts';
import { type ErrandData, ErrandState, ErrandWord, textAt, textRoom } from './errand.ts';

const { steps, shared, bell } = workerData as ErrandData;
const words = new Int32Array(shared, 0, textAt / 4);

/** The bell first: who sees the state may silence it. */
function end(state: number): void {
  writeSync(bell, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  Atomics.store(words, ErrandWord.state, state);
  Atomics.notify(words, ErrandWord.state);
}

try {
  for (const step of steps) {
    if (Atomics.load(words, ErrandWord.cancelled) !== 0) break;
    perform(step);
  }
  end(ErrandState.done);
} catch (error) {
  const text = Buffer.from((error as Error).message).subarray(0, textRoom);
  new Uint8Array(shared, textAt, textRoom).set(text);
  Atomics.store(words, ErrandWord.textLength, text.length);
  end(ErrandState.failed);
}
