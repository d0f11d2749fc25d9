/** Where results are kept: bench/results/, outside version control. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from './environment.ts';

export const resultsDirectory = (): string => join(packageRoot(), 'bench', 'results');

/** Writes a file of a suite's results, whole or not at all; gives its path for people. */
export function writeResult(name: string, text: string): string {
  const directory = resultsDirectory();
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
  return relative(process.cwd(), path);
}
