/** Where and when something was measured: a figure means nothing without it. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, machine, release, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Environment {
  readonly date: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  /** Of the source, with "+" when it has changes; "unknown" outside a clone. */
  readonly commit: string;
  /** Over the last minute, before anything was measured. */
  readonly load: number;
}

/** Above this, other work is likely to disturb what is measured. */
const quietLoad = 0.5;

/** The directory that holds our package.json: compiled code may lie at any depth below it. */
export function packageRoot(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    try {
      const found = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (found['name'] === 'ipscsi') return at;
    } catch {
      // not here
    }
  }
  return process.cwd();
}

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: packageRoot(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function commit(): string {
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${changed ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}

export function environment(): Environment {
  const [first] = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    kernel: `${type()} ${release()} ${machine()}`,
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    commit: commit(),
    load: loadavg()[0] ?? 0,
  };
}

/** What a reader must be warned of. */
export function warnings({ load, cores }: Environment): string[] {
  const found: string[] = [];
  if (load > quietLoad)
    found.push(
      `load average ${load.toFixed(2)} at the start, above ${quietLoad}: other work may disturb the figures`,
    );
  if (cores < 4)
    found.push(`${cores} cores: two hosts, a client and a server share them, which is hardest on ipscsi`);
  return found;
}

export const describeEnvironment = ({ date, node, kernel, cpu, cores, commit }: Environment): string =>
  `${date}, commit ${commit}, Node ${node}, ${kernel}, ${cpu}, ${cores} cores`;
