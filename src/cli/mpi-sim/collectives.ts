/** Collectives of several sizes in virtual time, beside what no plan can beat. */

import { type Collective, collectives, plan } from '../../mpi/route/plans.ts';
import type { Table } from '../../mpi/route/table.ts';
import { lowerBound, runPlan } from '../../mpi/sim/run-plan.ts';
import type { Colours } from '../colours.ts';
import { CliError } from '../failure.ts';
import { tableLines } from '../table.ts';
import { formatBytes, formatMicroseconds } from '../units.ts';

export interface CollectiveTime {
  readonly collective: Collective;
  /** Bytes of the message; for allgather of each node's part. */
  readonly size: number;
  /** Messages between nodes. */
  readonly messages: number;
  /** µs. */
  readonly time: number;
  /** µs; no plan takes less. */
  readonly bound: number;
}

/** Half a megabyte may be under way to a neighbour: as much as a network of 4 GB/s holds for 120 µs. */
const settings = { chunk: 8192, window: 256, credits: 64, stripes: 4 };
const sizes = [8, 1024, 65_536, 1_048_576];
/** Chunks that one run may move; greater ones are left out. */
const mostChunks = 1 << 17;
const mostNodes = 2048;
const root = 0;

/** @throws CliError if the network is too large, or in parts */
export function collectiveTimes(table: Table): CollectiveTime[] {
  const { nodes } = table.network;
  if (nodes > mostNodes)
    throw new CliError('usage', `collectives on ${nodes} nodes take too long`, `at most ${mostNodes} nodes`);
  const found: CollectiveTime[] = [];
  for (const collective of collectives)
    for (const size of collective === 'barrier' ? [0] : sizes) {
      const steps = planned(table, collective, size);
      const chunks = steps.reduce((sum, { bytes }) => sum + Math.ceil(bytes / settings.chunk), 0);
      if (chunks > mostChunks) continue;
      const bound = lowerBound(table, collective, root, size);
      found.push({ collective, size, messages: steps.length, time: runPlan(table, steps, settings), bound });
    }
  return found;
}

function planned(table: Table, collective: Collective, size: number) {
  try {
    return plan(table, collective, root, size);
  } catch (error) {
    throw new CliError('usage', (error as Error).message, 'a network in one piece');
  }
}

/** Empty without times. */
export function timesReport(times: readonly CollectiveTime[], colours: Colours): string[] {
  if (times.length === 0) return [];
  const right = { align: 'right' } as const;
  const columns = [
    { title: 'COLLECTIVE' },
    { title: 'SIZE', ...right },
    { title: 'MESSAGES', ...right },
    { title: 'TIME', ...right },
    { title: 'BOUND', ...right },
    { title: 'RATIO', ...right },
  ];
  const rows = times.map(({ collective, size, messages, time, bound }) => [
    collective,
    formatBytes(size),
    String(messages),
    formatMicroseconds(time),
    formatMicroseconds(bound),
    (time / bound).toFixed(2),
  ]);
  return ['', ...tableLines(columns, rows, colours)];
}
