/** What both suites of MPI measure: OSU's shapes, and calls of collectives. */

import type { Contender, Expectation, Figure } from '../figure.ts';
import type { Measurement } from './job.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;
/** Messages of a window: see bench/peers/mpi.c. */
export const window = 64;

const sizeName = (bytes: number) =>
  bytes >= MiB ? `${bytes / MiB} MiB` : bytes >= KiB ? `${bytes / KiB} KiB` : `${bytes} bytes`;

/** Half of a round trip. */
export const oneWay = (bytes: number, count: number): Measurement => ({
  kind: 'latency',
  ranks: 2,
  bytes,
  count,
  metrics: [{ name: sizeName(bytes), unit: 'µs', of: (seconds) => (seconds / count / 2) * 1e6 }],
});

export const rate = (kind: string, bytes: number, count: number): Measurement => ({
  kind,
  ranks: 2,
  bytes,
  count,
  metrics: [
    {
      name: sizeName(bytes),
      unit: 'MB/s',
      of: (seconds) => ((kind === 'bidirectional' ? 2 : 1) * bytes * window * count) / seconds / 1e6,
    },
  ],
});

export const call = (ranks: number, kind: string, bytes: number, count: number): Measurement => ({
  kind,
  ranks,
  bytes,
  count,
  metrics: [
    {
      name: bytes === 0 ? kind : `${kind} of ${sizeName(bytes)}`,
      unit: 'µs',
      of: (seconds) => (seconds / count) * 1e6,
    },
  ],
});

/** A figure of such measurements. */
export const figureOf = (
  name: string,
  title: string,
  measurements: readonly Measurement[],
  contenders: (measurements: readonly Measurement[]) => readonly Contender[],
  expectations: readonly Expectation[] = [],
  notes: readonly string[] = [],
): Figure => ({
  name,
  title,
  metrics: measurements.flatMap(({ metrics }) =>
    metrics.map(({ name: metric, unit }) => ({ name: metric, unit })),
  ),
  contenders: contenders(measurements),
  expectations,
  notes: () => notes,
});
