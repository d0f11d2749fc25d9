/** Figure: the greatest rate of small UDP datagrams that arrive. */

import { reach } from '../../src/cli/demo/measure.ts';
import type { Contender, Figure, Plan } from '../figure.ts';
import { ipscsi, type Path, socat, veth } from './paths.ts';

/** Share of the datagrams that may be lost. */
const tolerance = 0.001;
const metric = 'datagrams';
/** The first rate that is offered. */
const first = 5000;
/** Losing once may be the fault of something else on the machine. */
const attempts = 2;

interface Trial {
  /** Of those that arrived. */
  readonly rate: number;
  readonly loss: number;
}

/** Offers so many a second; what cannot be sent is not offered. */
async function offer({ server, client, address }: Path, trial: number, rate: number, seconds: number) {
  const endpoint = await server.call('openDatagrams', { address });
  const counting = server.call('countDatagrams', { trial });
  const sending = client.call('sendDatagrams', { ...endpoint, trial, rate, seconds });
  const [received, sent] = await Promise.all([counting, sending]);
  return { rate: received / sent.seconds, loss: 1 - received / sent.sent };
}

/**
 * Doubles the rate until it is no longer carried, or no longer offered, then halves the range between so many times.
 * Gives the greatest rate that was carried. @throws Error when even the first was not
 */
export async function search(attempt: (rate: number) => Promise<Trial>, halvings: number): Promise<number> {
  let best = 0;
  const carried = async (rate: number) => {
    for (let i = 0; i < attempts; i++) {
      const trial = await attempt(rate);
      if (trial.loss > tolerance) continue;
      best = Math.max(best, trial.rate);
      return true;
    }
    return false;
  };
  let low = first;
  if (!(await carried(low))) throw new Error(`${first} datagrams a second were not carried without loss`);
  let high = 2 * low;
  while (await carried(high)) {
    if (best < 0.75 * high) return best; // the sender's own limit
    [low, high] = [high, 2 * high];
  }
  for (let i = 0; i < halvings; i++) {
    const middle = Math.sqrt(low * high);
    if (await carried(middle)) low = middle;
    else high = middle;
  }
  return best;
}

const searching = (name: string, join: (plan: Plan) => Promise<Path>): Contender => ({
  name,
  open: async (plan) => {
    const path = await join(plan);
    const [seconds, halvings] = plan.smoke ? [0.1, 1] : [0.5, 4];
    let trial = 0;
    const attempt = async (rate: number) => {
      const result = await offer(path, ++trial, rate, seconds);
      if (result.loss > tolerance) await reach(path.client, path.address); // it must have recovered
      return result;
    };
    const measure = async () => ({ [metric]: await search(attempt, halvings) });
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
