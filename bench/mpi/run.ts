/**
 * `npm run bench -- mpi`: ourselves beside Open MPI and MPICH, same sizes, same counts, in turns.
 * Of each, the median and the best of many short rounds: on a busy machine the best round is the one that was not disturbed.
 */

import { spawnSync } from 'node:child_process';
import { environment } from '../environment.ts';
import { type Contender, findContenders } from './contenders.ts';

interface Case {
  readonly kind: string;
  readonly ranks: number;
  readonly bytes: number;
  /** Messages, windows or calls per round. */
  readonly count: number;
}

interface Figure extends Case {
  readonly contender: string;
  /** Seconds per message or call. */
  readonly median: number;
  readonly best: number;
}

export interface RunOptions {
  /** One case, few rounds: does it run at all? */
  readonly smoke: boolean;
  readonly json: boolean;
  /** One kind of measurement. */
  readonly only: string | undefined;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const rounds = 60;
const window = 64;

const cases = (
  kind: string,
  ranks: number,
  sizes: readonly (readonly [bytes: number, count: number])[],
): Case[] => sizes.map(([bytes, count]) => ({ kind, ranks, bytes, count }));

const all: readonly Case[] = [
  ...cases('latency', 2, [
    [8, 1000],
    [4 * KiB, 300],
    [64 * KiB, 30],
    [1 * MiB, 3],
  ]),
  // The laboratory's messages: 10,000 to 1,000,000 REALs.
  ...cases('latency', 2, [
    [40_000, 30],
    [400_000, 5],
    [4_000_000, 1],
  ]),
  ...cases('bandwidth', 2, [
    [8, 20],
    [4 * KiB, 10],
    [64 * KiB, 2],
    [1 * MiB, 1],
  ]),
  ...cases('bidirectional', 2, [[64 * KiB, 2]]),
  ...[2, 4].flatMap((ranks) => [
    ...cases('barrier', ranks, [[0, 200]]),
    ...cases('bcast', ranks, [
      [8, 200],
      [64 * KiB, 20],
    ]),
    ...cases('allreduce', ranks, [
      [8, 200],
      [1 * MiB, 2],
    ]),
    ...cases('alltoall', ranks, [[1024, 100]]),
  ]),
];

export const kinds: readonly string[] = [...new Set(all.map(({ kind }) => kind))];

function measure(contender: Contender, one: Case, repeat: number): Figure | undefined {
  const { kind, ranks, bytes, count } = one;
  const [file = '', ...args] = contender.command(ranks, [kind, String(bytes), String(count), String(repeat)]);
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) {
    process.stderr.write(`${contender.name}: ${kind} ${bytes}: ${stderr.split('\n').slice(-3).join(' ')}\n`);
    return undefined;
  }
  const per = kind === 'latency' ? 2 : kind === 'bandwidth' || kind === 'bidirectional' ? window : 1;
  const seconds = stdout
    .trim()
    .split('\n')
    .map((line) => Number(line) / count / per);
  seconds.sort((a, b) => a - b);
  const [best = Number.NaN, median = Number.NaN] = [seconds[0], seconds[seconds.length >> 1]];
  return { ...one, contender: contender.name, best, median };
}

const micro = (seconds: number) => (seconds * 1e6).toFixed(2).padStart(10);

function line({ contender, kind, bytes, best, median }: Figure): string {
  const rate = kind !== 'barrier' && bytes > 0 ? `${(bytes / best / 1e9).toFixed(2).padStart(7)} GB/s` : '';
  return `  ${contender.padEnd(26)}${micro(median)}${micro(best)} µs ${rate}`;
}

/** Runs the chosen cases with everybody that can be found here. */
export function runCases({ smoke, json, only }: RunOptions): void {
  const contenders = findContenders();
  const chosen = all.filter(({ kind }) => only === undefined || kind === only);
  const figures: Figure[] = [];
  for (const one of smoke ? chosen.slice(0, 1) : chosen) {
    if (!json) console.log(`${one.kind}, ${one.bytes} bytes, ${one.ranks} ranks (median, best)`);
    figures.push(...contenders.flatMap((contender) => shown(contender, one, smoke ? 3 : rounds, json)));
  }
  if (json) console.log(JSON.stringify({ environment: environment(), figures }, undefined, 2));
}

function shown(contender: Contender, one: Case, repeat: number, json: boolean): Figure[] {
  const figure = measure(contender, one, repeat);
  if (figure && !json) console.log(line(figure));
  return figure ? [figure] : [];
}
