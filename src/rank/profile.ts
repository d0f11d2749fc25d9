/** What buses cost when they were measured last, kept in a file of the user's, so that the next job need not measure. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cost } from './gauge.ts';
import type { Host } from './hosts.ts';
import type { Layout } from './layout.ts';

/** Costs by bus. */
export type Costs = ReadonlyMap<string, Required<Cost>>;

const format = 1;
/** Networks that are remembered: the last ones. */
const mostNetworks = 64;

type Stored = Record<string, Record<string, Required<Cost>>>;

export const profilePath = (env: NodeJS.ProcessEnv): string => {
  const { XDG_CACHE_HOME: cache } = env;
  return join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), 'ipscsi', 'mpi-profile.json');
};

/** The same for jobs whose costs are the same: the hosts, what joins them, and how many ranks share a host. */
export const profileKey = (hosts: readonly Host[], { buses }: Layout): string =>
  JSON.stringify([
    hosts.map(({ name, addresses }) => [name, ...addresses.map(({ address }) => address)]),
    buses.map(({ name, carrier }) => [name, carrier]),
  ]);

const isCost = (value: unknown): value is Required<Cost> => {
  const { alpha, beta } = (value ?? {}) as Partial<Cost>;
  return Number.isFinite(alpha) && Number(alpha) > 0 && Number.isFinite(beta) && Number(beta) >= 0;
};

/** @throws Error that says what is wrong; a file that is not there is empty */
function load(path: string): Stored {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const { version, networks } = JSON.parse(text) as { version?: unknown; networks?: unknown };
  if (version !== format || typeof networks !== 'object' || networks === null)
    throw new Error(`its version is not ${format}`);
  return networks as Stored;
}

/** Undefined: never measured. A file that is no profile is told of, and otherwise not there. */
export function readProfile(path: string, key: string, warn: (line: string) => void): Costs | undefined {
  try {
    const networks = load(path);
    if (!Object.hasOwn(networks, key)) return undefined;
    const costs = Object.entries(networks[key] ?? {});
    if (!costs.every(([, cost]) => isCost(cost))) throw new Error('a cost in it is none');
    return new Map(costs.map(([name, { alpha, beta }]) => [name, { alpha, beta }]));
  } catch (error) {
    warn(`${path} is left alone: ${(error as Error).message}`);
    return undefined;
  }
}

/** Whoever reads meanwhile sees the old file or the new one. What can't be kept is told of. */
export function writeProfile(path: string, key: string, costs: Costs, warn: (line: string) => void): void {
  const draft = `${path}.${process.pid}`;
  try {
    const { [key]: _, ...others } = loadOrNothing(path);
    const kept = Object.entries(others).slice(1 - mostNetworks);
    const networks = Object.fromEntries([...kept, [key, Object.fromEntries(costs)]]);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify({ version: format, networks }, undefined, 2)}\n`);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    warn(`${path} can't be written: ${(error as Error).message}`);
  }
}

function loadOrNothing(path: string): Stored {
  try {
    return load(path);
  } catch {
    return {}; // readProfile() has told
  }
}
