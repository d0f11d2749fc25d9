/** Figure: a cable is pulled out in the middle of a stream. How long does nothing come? */

import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Process } from '../../integration/lab/processes.ts';
import { until } from '../../integration/lab/until.ts';
import type { Contender, Figure, Plan, Values } from '../figure.ts';
import { complaint } from '../mpi/job.ts';
import { summarize } from '../statistics.ts';
import { onHosts, type Site } from './contenders.ts';
import { type Cable, Lab } from './lab.ts';
import { longestAfter, now, parsePauses } from './pauses.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const messageBytes = 64 * 1024;
/** Milliseconds: before the first cut, and between a cut and plugging in again. */
const [settling, away] = [1500, 1000];
/** What begins so many milliseconds after a cut is not its doing. */
const reach = 200;
/** Milliseconds until a cable must be in use again, and until all must have ended. */
const [returning, ending] = [30_000, 20_000];
/** A cable that has carried so much more is in use. */
const inUse = 2 ** 20;
const cutsOf = ({ smoke }: Plan) => (smoke ? 1 : 6);

interface Cut {
  /** Of the monotonic clock. */
  readonly at: number;
  /** Milliseconds from plugging in again until the cable was in use. */
  readonly back: number;
}

const failureOf = ({ end, err }: Process) =>
  new Error(`the job ended with ${end?.code ?? end?.signal}: ${complaint(err)}`);

/** The first host sends; resolves when it does so by that cable. */
async function usedAgain(lab: Lab, cable: number): Promise<number> {
  const [start, before] = [now(), lab.sent(0, cable)];
  await until(`cable ${cable} is in use again`, () => lab.sent(0, cable) > before + inUse, returning);
  return now() - start;
}

/** Takes a cable away, or gives it back. */
type Plug = (lab: Lab, cable: number, up: boolean) => void;

async function cut(lab: Lab, plug: Plug, cable: number): Promise<Cut> {
  const at = now();
  plug(lab, cable, false);
  await pause(away);
  plug(lab, cable, true);
  return { at, back: await usedAgain(lab, cable) };
}

/** Cuts one cable after the other while the stream runs; gives when, and all that the receiver said. */
async function streaming(lab: Lab, site: Site, plug: Plug, plan: Plan): Promise<[Cut[], string]> {
  const file = lab.file('streaming');
  writeFileSync(file, '');
  const program = [process.execPath, path('stream.js'), String(messageBytes), file];
  const launcher = [process.execPath, path('../../src/cli/main.js'), 'mpirun', ...onHosts(lab, site)];
  await using job = new Process([...launcher, '-n', '2', ...program]);
  const kill = () => job.kill('SIGTERM');
  plan.stop.addEventListener('abort', kill);
  const cuts: Cut[] = [];
  try {
    await until('the stream begins', () => job.end || /^streaming$/m.test(job.out), returning);
    if (job.end) throw failureOf(job);
    await pause(settling);
    for (let i = 0; i < cutsOf(plan); i++) {
      const cable = i % site.cables.length;
      await usedAgain(lab, cable);
      cuts.push(await cut(lab, plug, cable));
    }
  } finally {
    rmSync(file);
    plan.stop.removeEventListener('abort', kill);
  }
  const { code } = await until('the stream ends', () => job.end, ending);
  if (code !== 0) throw failureOf(job);
  return [cuts, job.out];
}

async function measure(lab: Lab, site: Site, plug: Plug, plan: Plan): Promise<Values> {
  const [cuts, out] = await streaming(lab, site, plug, plan);
  const pauses = parsePauses(out);
  const found = cuts.map(({ at }) => ({ at, longest: longestAfter(pauses, at, reach) }));
  const lengths = summarize(found.map(({ longest }) => (longest ? longest.to - longest.from : 0)));
  return {
    [metrics.again]: summarize(found.map(({ at, longest }) => (longest ? longest.to - at : 0))).median,
    [metrics.pause]: lengths.median,
    [metrics.worst]: lengths.max,
    [metrics.back]: summarize(cuts.map(({ back }) => back)).median,
  };
}

const metrics = {
  again: 'from the cut until messages come again',
  pause: 'longest pause',
  worst: 'longest pause of all cuts',
  back: 'plugged in again until in use',
} as const;

const contender = (name: string, site: Site, plug: Plug): Contender => ({
  name,
  open: async (plan) => {
    const lab = await Lab.build(site.hosts, site.cables);
    return {
      measure: () => measure(lab, site, plug, plan),
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  },
});

const [sender, receiver, between] = ['cut at the sender', 'cut at the receiver', 'cut between'];

/** Two hosts with a rank each, joined by these cables. */
export function recovery(cables: readonly Cable[]): Figure {
  const site: Site = { hosts: 2, cables };
  const switched: Site = { hosts: 2, cables: cables.map((each) => ({ ...each, switched: true })) };
  return {
    name: 'recovery',
    title: 'A cable pulled out in the middle of a stream over two',
    metrics: Object.values(metrics).map((name) => ({ name, unit: 'ms' })),
    contenders: [
      contender(sender, site, (lab, cable, up) => lab.plug(0, cable, up)),
      contender(receiver, site, (lab, cable, up) => lab.plug(1, cable, up)),
      contender(between, switched, (lab, cable, up) => lab.switch(cable, up)),
    ],
    expectations: [sender, receiver, between].map((of) => ({
      metric: metrics.again,
      of,
      atMost: 200,
      cores: 2,
    })),
    notes: () => [
      'Messages come in order: what came by the other cable in the meantime is not counted before what was lost has come again.',
      '"Between" is a switch that stops: no interface of the hosts shows it.',
    ],
  };
}
