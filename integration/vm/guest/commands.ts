/** Programs run to their end, in the guest. */

import { spawnSync } from 'node:child_process';

export interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program, whatever comes of it. Blocks: nothing of ours is served meanwhile. */
export function attempt(program: string, ...words: readonly string[]): Said {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  return { status, out: stdout ?? '', err: error?.message ?? stderr };
}

/** Runs a program that has to succeed, and gives what it printed. */
export function must(program: string, ...words: readonly string[]): string {
  const { status, out, err } = attempt(program, ...words);
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${status}: ${err || out}`);
  return out;
}
