/** All figures of the suite: OSU's shapes, collectives, the laboratory's own table, and the start of a job. */

import type { Expectation, Figure } from '../figure.ts';
import { contendersFor, names } from './contenders.ts';
import type { Measurement } from './job.ts';
import { call, figureOf, KiB, MiB, oneWay, rate, window } from './measurements.ts';

const realBytes = 4;

const messageRate = (count: number): Measurement => ({
  ...rate('bandwidth', 8, count),
  metrics: [{ name: 'messages of 8 bytes', unit: '/s', of: (seconds) => (window * count) / seconds }],
});

/** So many REALs, as a time and as a rate. */
function realsOneWay(count: number, times: number): Measurement {
  const name = `${count.toLocaleString('en-US')} REALs`;
  const microseconds = (seconds: number) => (seconds / times / 2) * 1e6;
  return {
    ...oneWay(count * realBytes, times),
    metrics: [
      { name, unit: 'µs', of: microseconds },
      { name: `${name}, rate`, unit: 'MB/s', of: (seconds) => (count * realBytes) / microseconds(seconds) },
    ],
  };
}

const start = (ranks: number): Measurement => ({
  kind: 'start',
  ranks,
  bytes: 0,
  count: 1,
  metrics: [{ name: `${ranks} ranks`, unit: 'ms', of: (seconds) => seconds * 1000 }],
});

const figure = (
  name: string,
  title: string,
  measurements: readonly Measurement[],
  expectations: readonly Expectation[] = [],
  notes: readonly string[] = [],
): Figure => figureOf(name, title, measurements, contendersFor, expectations, notes);

const expected = (
  metric: string,
  to: string,
  limit: Pick<Expectation, 'atLeast' | 'atMost'>,
): Expectation => ({
  metric,
  of: names.ours,
  to,
  ...limit,
  cores: 2,
});

const collectives = (ranks: number) =>
  figure(
    `collectives-${ranks}`,
    `Collectives, ${ranks} ranks`,
    [
      call(ranks, 'barrier', 0, 200),
      call(ranks, 'bcast', 8, 200),
      call(ranks, 'bcast', 64 * KiB, 20),
      call(ranks, 'allreduce', 8, 200),
      call(ranks, 'allreduce', MiB, 2),
      call(ranks, 'alltoall', KiB, 100),
    ],
    ['8 bytes', '1 MiB'].map((size) => expected(`allreduce of ${size}`, names.openMpi, { atMost: 1 })),
  );

/** The laboratory's messages: how many REALs, and how often to and fro. */
const reals = [
  [10_000, 30],
  [30_000, 20],
  [100_000, 5],
  [300_000, 3],
  [1_000_000, 1],
] as const;

const laboratory = figure(
  'laboratory',
  "The laboratory's messages, half round trip and MB/s",
  reals.map(([count, times]) => realsOneWay(count, times)),
  [],
  [
    'Around 2000: Fast Ethernet, two dual Pentium III 10.7 MB/s and 350 µs; between the two CPUs of one of them 28 MB/s and 150 µs.',
  ],
);

export const figures: readonly Figure[] = [
  figure(
    'latency',
    'Ping-pong, half round trip',
    [oneWay(8, 1000), oneWay(4 * KiB, 300), oneWay(64 * KiB, 30), oneWay(MiB, 3)],
    [
      expected('8 bytes', names.openMpi, { atMost: 1 }),
      expected('4 KiB', names.openMpi, { atMost: 0.5 }),
      expected('8 bytes', names.tcp, { atMost: 0.1 }),
    ],
  ),
  figure(
    'bandwidth',
    'Bandwidth, one way, windows of 64 messages',
    [
      messageRate(20),
      rate('bandwidth', 4 * KiB, 10),
      rate('bandwidth', 64 * KiB, 2),
      rate('bandwidth', MiB, 1),
      rate('bandwidth', 4 * MiB, 1),
    ],
    [
      ...['64 KiB', '1 MiB', '4 MiB'].map((size) => expected(size, names.openMpi, { atLeast: 1.5 })),
      ...['64 KiB', '1 MiB', '4 MiB'].map((size) => expected(size, names.tcp, { atLeast: 2 })),
    ],
  ),
  figure('bidirectional', 'Bandwidth, both ways together, windows of 64 messages', [
    rate('bidirectional', 64 * KiB, 2),
    rate('bidirectional', MiB, 1),
  ]),
  collectives(2),
  collectives(4),
  laboratory,
  figure(
    'start',
    'Start of a job, from the command to its first barrier',
    [start(4), start(2)],
    [{ metric: '4 ranks', of: names.ours, atMost: 600, cores: 2 }],
  ),
];
