/** Figure: the greatest rate of small UDP datagrams that arrive. */

import type { Contender, Figure, Plan } from './figure.ts';
import { ipscsi, type Path, socat, veth } from './paths.ts';

/** Share of the datagrams that may be lost. */
const tolerance = 0.001;
const metric = 'datagrams';
/** So many a second any path is believed to carry. */
const floor = 1000;

interface Trial {
  readonly rate: number;
  readonly loss: number;
}

/** Offers so many a second, or as many as the sender can. */
async function offer(path: Path, seconds: number, trial: number, rate?: number): Promise<Trial> {
  const { server, client, address } = path;
  const endpoint = await server.call('openDatagrams', { address });
  const counting = server.call('countDatagrams', { trial });
  const sending = client.call('sendDatagrams', {
    ...{ ...endpoint, trial, seconds },
    ...(rate !== undefined && { rate }),
  });
  const [received, sent] = await Promise.all([counting, sending]);
  return { rate: received / sent.seconds, loss: 1 - received / sent.sent };
}

/** Halves the range, on a logarithmic scale, between what is carried and what is not. */
export async function search(
  attempt: (rate: number | undefined) => Promise<Trial>,
  trials: number,
): Promise<number> {
  const flood = await attempt(undefined);
  if (flood.loss <= tolerance) return flood.rate;
  let [best, low] = [0, floor];
  let high = Math.max(flood.rate / (1 - flood.loss), 2 * floor);
  for (let trial = 0; trial < trials; trial++) {
    const middle = Math.sqrt(low * high);
    const { rate, loss } = await attempt(middle);
    if (loss <= tolerance) {
      best = Math.max(best, rate);
      low = middle;
    } else high = middle;
  }
  if (best === 0)
    throw new Error(`even ${Math.round(high)} datagrams a second were not carried without loss`);
  return best;
}

const searching = (name: string, join: (plan: Plan) => Promise<Path>): Contender => ({
  name,
  open: async (plan) => {
    const path = await join(plan);
    const [seconds, trials] = plan.smoke ? [0.1, 4] : [0.5, 9];
    let trial = 0;
    const measure = async () => ({
      [metric]: await search((rate) => offer(path, seconds, ++trial, rate), trials),
    });
    return { measure, [Symbol.asyncDispose]: () => path[Symbol.asyncDispose]() };
  },
});

export const packets: Figure = {
  name: 'udp',
  title: 'UDP, 64 bytes of payload, at most 0.1 % lost',
  metrics: [{ name: metric, unit: '/s' }],
  contenders: [
    searching('ipscsi', (plan) => ipscsi(plan, 65280)),
    searching('veth', (plan) => veth(plan, 1500)),
    searching('socat', socat),
  ],
  expectations: [
    { metric, of: 'ipscsi', to: 'socat', atLeast: 3 },
    { metric, of: 'ipscsi', to: 'veth' },
  ],
};
