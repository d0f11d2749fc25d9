/** Figures: ICMP ping, and TCP ping-pong of small and great messages. */

import { historical } from '../../src/cli/demo/report.ts';
import type { Contender, Figure, Plan, Values } from '../figure.ts';
import { ipscsi, loopback, type Path, veth } from './paths.ts';

const mtu = 65280;
/** A number of Fortran's single precision: the historical unit of message size. */
const bytesPerReal = 4;

type Probe = (path: Path, smoke: boolean) => Promise<Values>;

const probing = (name: string, join: (plan: Plan) => Promise<Path>, probe: Probe): Contender => ({
  name,
  open: async (plan) => {
    const path = await join(plan);
    return {
      measure: () => probe(path, plan.smoke),
      [Symbol.asyncDispose]: () => path[Symbol.asyncDispose](),
    };
  },
});

const contenders = (probe: Probe): Contender[] => [
  probing('ipscsi', (plan) => ipscsi(plan, mtu), probe),
  probing('veth', (plan) => veth(plan, 1500), probe),
  probing('loopback', loopback, probe),
];

const pings: Probe = async ({ client, address }, smoke) => {
  const count = smoke ? 20 : 200;
  const { received, times } = await client.call('ping', { to: address, count, interval: 10, timeout: 1000 });
  if (!times || received < count) throw new Error(`${count - received} of ${count} pings were lost`);
  return { median: times.median, p99: times.p99 };
};

export const ping: Figure = {
  name: 'ping',
  title: 'ping every 10 ms, round trip',
  metrics: [
    { name: 'median', unit: 'µs' },
    { name: 'p99', unit: 'µs', plotted: false },
  ],
  contenders: contenders(pings),
  expectations: [
    { metric: 'median', of: 'ipscsi', to: 'veth', atMost: 4 },
    { metric: 'p99', of: 'ipscsi', to: 'veth' },
  ],
};

/** Half round trip of messages of so many bytes, in microseconds. */
async function bounce({ server, client, address }: Path, size: number, seconds: number): Promise<Values> {
  const endpoint = await server.call('listen', { address });
  const bouncing = server.call('bounceBack', { size });
  const [times] = await Promise.all([client.call('bounce', { ...endpoint, size, seconds }), bouncing]);
  return { median: times.median / 2, p99: times.p99 / 2 };
}

const oneReal: Probe = (path, smoke) => bounce(path, bytesPerReal, smoke ? 0.3 : 1);
const halfTrip = [
  { name: 'median', unit: 'µs' },
  { name: 'p99', unit: 'µs', plotted: false },
] as const;

const oldLatencies = () =>
  `Around 2000, one way: ${historical
    .flatMap(({ what, latency }) => (latency === undefined ? [] : `${what} ${latency} µs`))
    .join('; ')}.`;

export const pingPong: Figure = {
  name: 'ping-pong',
  title: 'TCP ping-pong of 1 REAL (4 bytes), half round trip',
  metrics: halfTrip,
  contenders: contenders(oneReal),
  expectations: [{ metric: 'median', of: 'ipscsi', to: 'veth', atMost: 2 }],
  notes: () => [oldLatencies()],
};

/** Its hosts are there only while it is measured: they would take the others' processors. */
const busyPolling: Contender = {
  name: 'ipscsi busy-poll',
  open: async (plan) => ({
    measure: async () => {
      await using path = await ipscsi(plan, mtu, { busyPoll: true });
      return await oneReal(path, plan.smoke);
    },
    [Symbol.asyncDispose]: async () => undefined,
  }),
};

export const pingPongBusy: Figure = {
  name: 'ping-pong-busy',
  title: 'The same with --busy-poll',
  metrics: halfTrip,
  contenders: [busyPolling, probing('veth', (plan) => veth(plan, 1500), oneReal)],
  // Each host takes a core, the client and the server one each.
  expectations: [{ metric: 'median', of: 'ipscsi busy-poll', to: 'veth', atMost: 1, cores: 4 }],
};

const sizes = [10_000, 30_000, 100_000, 300_000, 1_000_000];
const reals = (count: number) => `${count.toLocaleString('en-US')} REALs`;
const rate = (count: number) => `${reals(count)}, rate`;

const allSizes: Probe = async (path, smoke) => {
  const values: Record<string, number> = {};
  for (const count of sizes) {
    const size = count * bytesPerReal;
    const half = (await bounce(path, size, smoke ? 0.1 : 0.5))['median'];
    if (half === undefined) continue;
    values[reals(count)] = half;
    values[rate(count)] = size / half;
  }
  return values;
};

const oldRates = () =>
  `Around 2000: ${historical.map(({ what, megabytesPerSecond }) => `${what} ${megabytesPerSecond} MB/s`).join('; ')}.`;

export const messages: Figure = {
  name: 'messages',
  title: 'TCP ping-pong of great messages, half round trip and MB/s',
  metrics: [
    ...sizes.map((count) => ({ name: reals(count), unit: 'µs', plotted: false }) as const),
    ...sizes.map((count) => ({ name: rate(count), unit: 'MB/s' })),
  ],
  contenders: contenders(allSizes),
  expectations: sizes.map((count) => ({ metric: rate(count), of: 'ipscsi', to: 'veth' })),
  notes: () => [oldRates()],
};
