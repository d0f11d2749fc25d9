/** All figures of the suite: one command at a time, many at a time, much data, digests; and libiscsi's own tool. */

import type { Contender, Expectation, Figure, Measurable, Plan, Values } from '../figure.ts';
import {
  type Digest,
  iscsiPerf,
  libiscsi,
  type OpenInitiator,
  type OpenTarget,
  ourInitiator,
  ourTarget,
  tgtTarget,
} from './ends.ts';
import { ipOver } from './ip.ts';
import type { Workload } from './workload.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** A metric and how it is found. */
interface Measurement extends Workload {
  readonly name: string;
  readonly unit: string;
  readonly of: (operations: number, seconds: number) => number;
}

const sizeName = (bytes: number) => (bytes >= MiB ? `${bytes / MiB} MiB` : `${bytes / KiB} KiB`);
const commandName = (kind: Workload['kind'], bytes: number) =>
  kind === 'test' ? 'TEST UNIT READY' : `${kind.toUpperCase()} of ${sizeName(bytes)}`;

const roundTrip = (kind: Workload['kind'], bytes = 0): Measurement => ({
  ...{ kind, bytes, depth: 1, name: commandName(kind, bytes), unit: 'µs' },
  of: (operations, seconds) => (seconds / operations) * 1e6,
});

const rate = (kind: Workload['kind'], bytes: number, depth: number): Measurement => ({
  ...{ kind, bytes, depth, name: commandName(kind, bytes), unit: '/s' },
  of: (operations, seconds) => operations / seconds,
});

const throughput = (kind: Workload['kind'], bytes: number, depth: number): Measurement => ({
  ...{ kind, bytes, depth, name: commandName(kind, bytes), unit: 'MB/s' },
  of: (operations, seconds) => (operations * bytes) / seconds / 1e6,
});

/** Names as they stand over the columns: initiator → target. */
const names = {
  ours: 'ipscsi',
  oursToTgt: 'ipscsi → tgt',
  libiscsiToUs: 'libiscsi → ipscsi',
  libiscsiToTgt: 'libiscsi → tgt',
} as const;

const pairs: readonly (readonly [name: string, initiator: OpenInitiator, target: OpenTarget])[] = [
  [names.ours, ourInitiator, ourTarget],
  [names.oursToTgt, ourInitiator, tgtTarget],
  [names.libiscsiToUs, libiscsi, ourTarget],
  [names.libiscsiToTgt, libiscsi, tgtTarget],
];

function contender(
  name: string,
  [open, openTarget]: readonly [OpenInitiator, OpenTarget],
  measurements: readonly Measurement[],
  digest: Digest,
): Contender {
  return {
    name,
    open: async (plan): Promise<Measurable> => {
      const measure = open();
      const target = await openTarget();
      return {
        measure: async () => valuesOf(measurements, await measure(target, measurements, digest, plan)),
        [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
      };
    },
  };
}

const valuesOf = (
  measurements: readonly Measurement[],
  found: readonly (readonly [number, number])[],
): Values =>
  Object.fromEntries(
    measurements.map(({ name, of }, i) => [name, of(found[i]?.[0] ?? 0, found[i]?.[1] ?? 0)]),
  );

const metricsOf = (measurements: readonly Measurement[]) =>
  measurements.map(({ name, unit }) => ({ name, unit }));

/** Everybody with everybody, without digests. */
const figure = (
  name: string,
  title: string,
  measurements: readonly Measurement[],
  expectations: readonly Expectation[],
): Figure => ({
  name,
  title,
  metrics: metricsOf(measurements),
  contenders: pairs.map(([who, ...ends]) => contender(who, ends, measurements, 'None')),
  expectations,
});

type Limit = Pick<Expectation, 'atLeast' | 'atMost'>;

/** How our target does beside tgt, and our initiator beside libiscsi. */
const beside = (metrics: readonly Measurement[], target: Limit, initiator: Limit): Expectation[] =>
  metrics.flatMap(({ name: metric }) => [
    { metric, of: names.libiscsiToUs, to: names.libiscsiToTgt, ...target },
    { metric, of: names.oursToTgt, to: names.libiscsiToTgt, ...initiator },
  ]);

const single = [roundTrip('test'), roundTrip('read', 4 * KiB), roundTrip('write', 4 * KiB)];
const many = [rate('test', 0, 32), rate('read', 4 * KiB, 32), rate('write', 4 * KiB, 32)];
const much = [
  throughput('read', 64 * KiB, 8),
  throughput('write', 64 * KiB, 8),
  throughput('read', MiB, 4),
  throughput('write', MiB, 4),
];

/** With both digests and without, to either target. */
const digested: Figure = (() => {
  const measurements = [rate('read', 4 * KiB, 32), ...much];
  const kinds = ['None', 'CRC32C'] as const;
  const ends = pairs.filter(([, open]) => open === ourInitiator);
  const nameOf = (who: string, digest: Digest) => (digest === 'None' ? who : `${who}, digests`);
  return {
    name: 'digests',
    title: 'Header and data digests, and none',
    metrics: metricsOf(measurements),
    contenders: ends.flatMap(([who, ...both]) =>
      kinds.map((digest) => contender(nameOf(who, digest), both, measurements, digest)),
    ),
    expectations: measurements.map(({ name: metric }) => ({
      metric,
      ...{ of: nameOf(names.ours, 'CRC32C'), to: names.ours, atLeast: 0.85 },
    })),
  };
})();

const perfCases = [
  { name: '4 KiB, one at a time', bytes: 4 * KiB, depth: 1, atLeast: 1 },
  { name: '4 KiB, 32 at a time', bytes: 4 * KiB, depth: 32, atLeast: 3 },
  { name: '64 KiB, 32 at a time', bytes: 64 * KiB, depth: 32, atLeast: 1 },
] as const;

const perfContender = (name: string, openTarget: OpenTarget): Contender => ({
  name,
  open: async ({ smoke }: Plan): Promise<Measurable> => {
    const target = await openTarget();
    return {
      measure: async () => {
        const values: Record<string, number> = {};
        for (const { name: metric, bytes, depth } of smoke ? perfCases.slice(0, 1) : perfCases)
          values[metric] = await iscsiPerf(target, bytes, depth);
        return values;
      },
      [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
    };
  },
});

const perf: Figure = {
  name: 'iscsi-perf',
  title: 'READs in order by iscsi-perf, libiscsi’s own tool',
  metrics: perfCases.map(({ name }) => ({ name, unit: '/s' })),
  contenders: [perfContender(names.libiscsiToUs, ourTarget), perfContender(names.libiscsiToTgt, tgtTarget)],
  expectations: perfCases.map(({ name: metric, atLeast }) => ({
    metric,
    of: names.libiscsiToUs,
    to: names.libiscsiToTgt,
    atLeast,
  })),
};

export const figures: readonly Figure[] = [
  figure('round-trip', 'One command at a time', single, beside(single, { atMost: 1 }, { atMost: 1.5 })),
  figure('rate', 'Commands of 32 at a time', many, beside(many, { atLeast: 3 }, {})),
  figure(
    'throughput',
    'Data, 8 × 64 KiB and 4 × 1 MiB at a time',
    much,
    beside(much, { atLeast: 1 }, { atLeast: 1 }),
  ),
  digested,
  perf,
  ...ipOver,
];
