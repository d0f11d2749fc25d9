/** Words that other processes write. */

/**
 * x86 keeps loads in order, and lets none pass a locked store, which Atomics.store is; so a plain load does there what an
 * atomic one does, at an eighth of the cost.
 */
const ordered = process.arch === 'x64' || process.arch === 'ia32';

/** Loads a word, before all loads and after all atomic stores that are written around it. */
export const look = (words: Int32Array, at: number): number =>
  ordered ? (words[at] as number) : Atomics.load(words, at);
