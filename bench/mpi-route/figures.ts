/** All figures of the suite: across iSCSI on loopback, collectives on two hosts, two rails, a forwarded hop, and a cut. */

import type { Contender, Expectation, Figure } from '../figure.ts';
import type { Measurement } from '../mpi/job.ts';
import { call, figureOf, KiB, MiB, oneWay, rate } from '../mpi/measurements.ts';
import { between, inLab, loopback, onLoopback, type Site } from './contenders.ts';
import type { Cable } from './lab.ts';
import { recovery } from './recovery.ts';

/** Names as they stand over the columns. */
const names = {
  ours: 'ipscsi',
  alloc: 'ipscsi alloc',
  flat: 'ipscsi flat',
  openMpi: 'Open MPI',
  tcp: 'Open MPI TCP',
  bare: 'bare TCP',
} as const;

/** What a limited cable carries: so little that processors are no limit. */
const megabits = 400;
const [small, stripe, long] = ['8 bytes', '64 KiB', '1 MiB'] as const;

const expected = (metric: string, of: string, to: string, limit: Partial<Expectation> = {}): Expectation => ({
  metric,
  of,
  to,
  ...limit,
  cores: 2,
});

/** Loopback. */
const acrossLoopback = (measurements: readonly Measurement[]): readonly Contender[] => [
  onLoopback(names.ours, measurements, loopback.ours),
  onLoopback(names.alloc, measurements, loopback.alloc),
  onLoopback(names.tcp, measurements, loopback.openMpi),
  onLoopback(names.bare, measurements, loopback.bare),
];

const latency = figureOf(
  'latency',
  'Ping-pong across iSCSI on loopback, half round trip',
  [oneWay(8, 500), oneWay(64 * KiB, 50)],
  acrossLoopback,
  [expected(small, names.ours, names.tcp, { atMost: 3 }), expected(small, names.ours, names.bare)],
);

const bandwidth = figureOf(
  'bandwidth',
  'Bandwidth across iSCSI on loopback, windows of 64 messages',
  [rate('bandwidth', 64 * KiB, 2), { ...rate('bandwidth', MiB, 1), timings: 11 }],
  acrossLoopback,
  [stripe, long].flatMap((size) => [
    expected(size, names.ours, names.tcp, { atLeast: 0.5 }),
    expected(size, names.ours, names.bare),
  ]),
);

/** Collectives: two hosts of two ranks, one cable. */
const pair: Site = { hosts: 2, cables: [{ ends: [0, 1] }], slots: 2 };
const calls = [
  call(4, 'allreduce', 8, 100),
  { ...call(4, 'allreduce', MiB, 2), timings: 11 },
  call(4, 'bcast', 8, 100),
  { ...call(4, 'bcast', MiB, 2), timings: 11 },
];

const collectives = figureOf(
  'collectives',
  'Collectives, 4 ranks on 2 hosts',
  calls,
  (measurements) => [
    inLab(names.ours, pair, measurements, between.ours),
    inLab(names.flat, pair, measurements, between.flat),
    inLab(names.openMpi, pair, measurements, between.openMpi),
    inLab(names.tcp, pair, measurements, between.openMpiTcp),
  ],
  calls
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ name }) => [
      expected(name, names.ours, names.tcp, { atMost: 1 }),
      expected(name, names.ours, names.openMpi),
      expected(name, names.ours, names.flat),
    ]),
  [
    'Between the hosts everything goes by TCP. Within a host: "Open MPI" by shared memory, "Open MPI TCP" not.',
  ],
);

/** Rails: the same two hosts, one rank each. */
const cable: Cable = { ends: [0, 1], megabits };
const oneRail: Site = { hosts: 2, cables: [cable] };
const twoRails: Site = { hosts: 2, cables: [cable, cable] };
const [one, two] = ['one rail', 'two rails'];

const rails = figureOf(
  'rails',
  `Bandwidth over rails of ${megabits} Mbit/s each`,
  [
    { ...rate('bandwidth', 64 * KiB, 2), timings: 7 },
    { ...rate('bandwidth', MiB, 1), timings: 5 },
  ],
  (measurements) => [
    inLab(two, twoRails, measurements, between.ours),
    inLab(one, oneRail, measurements, between.ours),
    inLab(`Open MPI, ${two}`, twoRails, measurements, between.openMpi),
    inLab(`Open MPI, ${one}`, oneRail, measurements, between.openMpi),
    inLab(`bare TCP, ${one}`, oneRail, measurements, between.bare(1, 0)),
  ],
  [
    expected(long, two, one, { atLeast: 1.7 }),
    expected(stripe, two, one),
    expected(long, `Open MPI, ${two}`, `Open MPI, ${one}`),
    expected(long, one, `bare TCP, ${one}`),
  ],
);

/** A hop: the first host's cable goes to the second, the third's too. */
const [direct, forwarded] = ['direct', 'forwarded'];
const [bareDirect, bareRouted] = ['bare TCP direct', 'bare TCP routed'];

/** Rank 1 is on the second host, or on the third; all three have a rank in either case. */
const chain = (limit: Partial<Cable>) => {
  const cables: readonly Cable[] = [
    { ends: [0, 1], ...limit },
    { ends: [1, 2], ...limit },
  ];
  return { near: { hosts: 3, cables, order: [0, 1, 2] }, far: { hosts: 3, cables, order: [0, 2, 1] } };
};

function hop(name: string, title: string, limit: Partial<Cable>, measured: readonly Measurement[]): Figure {
  const { near, far } = chain(limit);
  return figureOf(
    name,
    title,
    measured.map((each) => ({ ...each, ranks: 3 })),
    (measurements) => [
      inLab(direct, near, measurements, between.ours),
      inLab(forwarded, far, measurements, between.ours),
      inLab(bareDirect, near, measurements, between.bare(1, 0)),
      inLab(bareRouted, far, measurements, between.routed),
    ],
    measured
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ name: metric, unit }) => [
        expected(metric, forwarded, direct, unit === 'µs' ? { atMost: 2.5 } : { atLeast: 0.8 }),
        expected(metric, bareRouted, bareDirect),
      ]),
    [
      'A hop that is forwarded is to cost less than 1.5 × a direct one more: 2.5 × in all.',
      '"Routed": handed on by the kernel of the host in the middle, as IP.',
    ],
  );
}

export const figures: readonly Figure[] = [
  latency,
  bandwidth,
  collectives,
  rails,
  hop('hop-latency', 'Ping-pong over a forwarder, half round trip', {}, [oneWay(8, 500)]),
  hop('hop-bandwidth', `Bandwidth over a forwarder, cables of ${megabits} Mbit/s`, { megabits }, [
    { ...rate('bandwidth', 64 * KiB, 2), timings: 7 },
    { ...rate('bandwidth', MiB, 1), timings: 5 },
  ]),
  hop('hop-unlimited', 'Bandwidth over a forwarder, cables without a limit', {}, [
    { ...rate('bandwidth', 64 * KiB, 2), timings: 7 },
    { ...rate('bandwidth', MiB, 1), timings: 7 },
  ]),
  recovery([cable, cable]),
];
