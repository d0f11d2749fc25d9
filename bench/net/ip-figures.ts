/** Figures that every way to carry IP has: one TCP stream, and ping. */

import type { Contender, Expectation, Figure, Plan, Values } from '../figure.ts';
import { hasIperf, iperf } from './iperf.ts';
import type { Path } from './paths.ts';

export interface IpFiguresOptions {
  /** What carries our IP, for titles. */
  readonly over: string;
  /** By name. */
  readonly contenders: Readonly<Record<string, (plan: Plan) => Promise<Path>>>;
  /** Metrics: 'iperf3', 'Node stream'. */
  readonly stream: readonly Expectation[];
  /** Metrics: 'median', 'p99'. */
  readonly ping: readonly Expectation[];
  /** Measurements before the first that counts, except in a smoke test. Usually none. */
  readonly warmUps?: number;
}

type Probe = (path: Path, plan: Plan) => Promise<Values>;

const streams: Probe = async (path, plan) => {
  const stream = await path.server.call('serveStream', { address: path.address });
  const seconds = plan.smoke ? 0.3 : 2;
  const read = await path.client.call('readStream', { ...stream, seconds });
  return {
    ...(hasIperf() && { iperf3: await iperf(path, plan) }),
    'Node stream': (8 * read.bytes) / read.seconds / 1e9,
  };
};

const pings: Probe = async ({ client, address }, { smoke }) => {
  const count = smoke ? 20 : 200;
  const { received, times } = await client.call('ping', { to: address, count, interval: 10, timeout: 1000 });
  if (!times || received < count) throw new Error(`${count - received} of ${count} pings were lost`);
  return { median: times.median, p99: times.p99 };
};

const probing = (
  name: string,
  join: (plan: Plan) => Promise<Path>,
  probe: Probe,
  warmUps: number,
): Contender => ({
  name,
  open: async (plan) => {
    const path = await join(plan);
    try {
      for (let i = 0; i < warmUps && !plan.smoke; i++) await probe(path, plan);
    } catch (error) {
      await path[Symbol.asyncDispose]();
      throw error;
    }
    return {
      measure: () => probe(path, plan),
      [Symbol.asyncDispose]: () => path[Symbol.asyncDispose](),
    };
  },
});

export function ipFigures({
  over,
  contenders,
  stream,
  ping,
  warmUps = 0,
}: IpFiguresOptions): readonly Figure[] {
  const probed = (probe: Probe) =>
    Object.entries(contenders).map(([name, join]) => probing(name, join, probe, warmUps));
  return [
    {
      name: 'ip-stream',
      title: `One TCP stream over IP over ${over}`,
      metrics: [
        { name: 'iperf3', unit: 'Gbit/s' },
        { name: 'Node stream', unit: 'Gbit/s' },
      ],
      contenders: probed(streams),
      expectations: stream,
    },
    {
      name: 'ip-ping',
      title: `ping every 10 ms over IP over ${over}, round trip`,
      metrics: [
        { name: 'median', unit: 'µs' },
        { name: 'p99', unit: 'µs', plotted: false },
      ],
      contenders: probed(pings),
      expectations: ping,
    },
  ];
}
