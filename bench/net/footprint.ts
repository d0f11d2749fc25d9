/** Figure: what a host costs: time to get ready, memory, and processor time while nothing happens. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Plan, Values } from '../figure.ts';
import { ipscsi, type Path } from './paths.ts';

const ready = 'ready after';
const memoryIdle = 'memory, idle';
const memoryBusy = 'memory, after traffic';
const idle = 'idle, of a core';

/** VmRSS, in units of 10^6 bytes. */
function memory(pid: number): number {
  const found = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(found?.[1]) * 1024) / 1e6;
}

/** Seconds that all threads of a process have run. */
function processorTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1e9;
}

/** Percent of a core that the busier one of the hosts uses while nothing is asked of them. */
async function idleShare({ hosts }: Path, seconds: number): Promise<number> {
  const times = () => hosts.map(({ pid }) => processorTime(pid));
  const before = times();
  const start = performance.now();
  await sleep(seconds * 1000);
  const took = (performance.now() - start) / 1000;
  return Math.max(...times().map((time, i) => (100 * (time - (before[i] ?? 0))) / took));
}

async function measure(plan: Plan): Promise<Values> {
  const { smoke, stop } = plan;
  await using path = await ipscsi(plan, 65280, { unleashed: true });
  const { server, client, address, hosts } = path;
  const greatest = (of: (pid: number) => number) => Math.max(...hosts.map(({ pid }) => of(pid)));
  await sleep(smoke ? 300 : 2000, undefined, { signal: stop });
  const quiet = { [memoryIdle]: greatest(memory), [idle]: await idleShare(path, smoke ? 1 : 5) };
  const stream = await server.call('serveStream', { address });
  await client.call('readStream', { ...stream, seconds: smoke ? 0.3 : 3 });
  return {
    [ready]: Math.max(...hosts.map(({ readyAfter }) => readyAfter)),
    ...quiet,
    [memoryBusy]: greatest(memory),
  };
}

const of = 'ipscsi host';

export const footprint: Figure = {
  name: 'host',
  title: 'What a host costs (the costlier one of two, started anew each round)',
  metrics: [
    { name: ready, unit: 'ms' },
    { name: memoryIdle, unit: 'MB' },
    { name: memoryBusy, unit: 'MB' },
    { name: idle, unit: '%' },
  ],
  contenders: [
    {
      name: of,
      open: async (plan) => ({
        measure: () => measure(plan),
        [Symbol.asyncDispose]: async () => undefined,
      }),
    },
  ],
  expectations: [
    { metric: ready, of, atMost: 400 },
    { metric: memoryIdle, of, atMost: 100 },
    { metric: memoryBusy, of, atMost: 100 },
    { metric: idle, of, atMost: 0.5 },
  ],
};
