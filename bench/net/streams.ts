/** Figures: one TCP stream, at the great MTU and at Ethernet's. */

import type { Contender, Figure, Plan, Values } from '../figure.ts';
import { hasIperf, iperf } from './iperf.ts';
import { ipscsi, loopback, type Path, veth } from './paths.ts';

const iperfMetric = 'iperf3';
const nodeMetric = 'Node stream';
const metrics = [
  { name: iperfMetric, unit: 'Gbit/s' },
  { name: nodeMetric, unit: 'Gbit/s' },
] as const;

/** As the client reads it, by a Node program on either side. */
async function nodeStream({ server, client, address }: Path, smoke: boolean): Promise<number> {
  const stream = await server.call('serveStream', { address });
  const { bytes, seconds } = await client.call('readStream', { ...stream, seconds: smoke ? 0.3 : 2 });
  return (8 * bytes) / seconds / 1e9;
}

const streaming = (name: string, join: (plan: Plan) => Promise<Path>): Contender => ({
  name,
  open: async (plan) => {
    const path = await join(plan);
    const measure = async (): Promise<Values> => ({
      ...(hasIperf() && { [iperfMetric]: await iperf(path, plan) }),
      [nodeMetric]: await nodeStream(path, plan.smoke),
    });
    return { measure, [Symbol.asyncDispose]: () => path[Symbol.asyncDispose]() };
  },
});

const notes = () => (hasIperf() ? [] : ['iperf3 is not installed (apt install iperf3): left out.']);

const [great, ethernet] = [65280, 1500];
const ours = (mtu: number) => `ipscsi ${mtu}`;
const theirs = (mtu: number) => `veth ${mtu}`;

export const stream: Figure = {
  name: 'stream',
  title: 'One TCP stream, MTU 65280',
  metrics,
  contenders: [
    streaming(ours(great), (plan) => ipscsi(plan, great)),
    streaming(theirs(ethernet), (plan) => veth(plan, ethernet)),
    streaming(theirs(great), (plan) => veth(plan, great)),
    streaming('loopback', loopback),
  ],
  expectations: [iperfMetric, nodeMetric].flatMap((metric) => [
    { metric, of: ours(great), to: theirs(ethernet), atLeast: 1 },
    { metric, of: ours(great), to: theirs(great) },
    { metric, of: ours(great), to: 'loopback' },
  ]),
  notes: () => [
    ...notes(),
    "veth 1500 is veth's default; with its segmentation offload it moves 64 KiB at a time.",
  ],
};

export const stream1500: Figure = {
  name: 'stream-1500',
  title: 'One TCP stream, MTU 1500, with offload',
  metrics,
  contenders: [
    streaming(ours(ethernet), (plan) => ipscsi(plan, ethernet)),
    streaming(theirs(ethernet), (plan) => veth(plan, ethernet)),
  ],
  expectations: [iperfMetric, nodeMetric].map((metric) => ({
    metric,
    of: ours(ethernet),
    to: theirs(ethernet),
    atLeast: 0.8,
  })),
  notes,
};
