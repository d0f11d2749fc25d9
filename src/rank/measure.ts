/**
 * Measures the buses of a layout, by ports that are there for that alone: on a bus between hosts one rank of each host, on a
 * bus within a host two ranks. Every bus has one cost, the median of its pairs.
 */

import { join } from 'node:path';
import { EPOLLIN, Epoll } from '../sys/epoll.ts';
import type { Clock } from '../time/clock.ts';
import { leaveDirectory } from '../transport/shm/claim.ts';
import type { Port } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { type Cost, Gauge, probeBytes } from './gauge.ts';
import { type Layout, usualCost } from './layout.ts';
import { Places, probersOf } from './places.ts';
import type { Costs } from './profile.ts';
import { type Doors, type RailSettings, Rails } from './rails.ts';
import { median, rounds } from './tournament.ts';

/** Rounds of a tournament: with more hosts not every two of them are measured. */
const mostRounds = 4;
/** Milliseconds for a partner to come and to answer. */
const patienceMs = 2000;
/** Polls without work before a rank sleeps: where others want the processor, who sleeps gets it sooner than who spins. */
const spins = 200;

/** The same network with the measuring ranks alone, each on its buses. */
function probing(places: Places): Layout {
  const { layout } = places;
  const buses = layout.buses.map((bus) => ({ ...bus, members: probersOf(places, bus) }));
  return { ...layout, buses, forwarders: [], names: layout.names.slice(0, layout.size), paths: [] };
}

/** Sleeps until there is something to do, without giving the processor away before: that may take long. */
function sleep(epoll: Epoll, port: Port): void {
  if (!port.arm(true)) return;
  epoll.wait(1);
  port.disarm();
}

function play(steps: Generator<undefined, Map<number, Cost>>, { rails }: Rails, port: Port) {
  using epoll = new Epoll();
  epoll.add(port.fd, EPOLLIN, 0);
  let idle = 0;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    let work = 0;
    for (const rail of rails) work += rail.port.poll();
    idle = work > 0 ? 0 : idle + 1;
    if (idle > spins) sleep(epoll, port);
  }
}

/** What a rank has measured: costs by bus. */
type Found = Record<string, Cost[]>;

export interface MeasureOptions extends RailSettings {
  readonly rank: number;
  readonly exchange: Exchange;
  readonly clock: Clock;
}

function measureOwn({ rank, ...settings }: MeasureOptions, rails: Rails): Found {
  const { buses } = settings.places.layout;
  const found: Found = {};
  const gauges = rails.rails.map(({ port }) => new Gauge(port, settings.clock, patienceMs));
  for (const [at, { bus, port }] of rails.rails.entries()) {
    const members = buses[bus]?.members ?? [];
    const plan = rounds(members.length, members.indexOf(rank), mostRounds).map((other) =>
      other === undefined ? undefined : members[other],
    );
    const gauge = gauges[at] as Gauge;
    found[bus] = [...play(gauge.measure(plan), rails, port).values()];
  }
  return found;
}

/** Costs that this rank found, by bus. The ports are closed when it returns. */
function probe(options: MeasureOptions, layout: Layout): Found {
  const { rank, exchange } = options;
  const takesPart = layout.buses.some(({ members }) => members.length > 1 && members.includes(rank));
  using rails = takesPart ? new Rails(options, rank, probeBytes) : undefined;
  const doors = exchange.all(JSON.stringify(rails?.doors ?? {}));
  rails?.reach(doors.map((text) => JSON.parse(text) as Doors));
  return rails ? measureOwn(options, rails) : {};
}

/** All ranks must call it, and find the same. Buses that could not be measured are left out. */
export function measure(options: MeasureOptions): Costs {
  const { exchange, places } = options;
  const layout = probing(places);
  const directory = join(options.directory, 'probe');
  const found = probe({ ...options, directory, places: new Places(layout, places.hosts) }, layout);
  leaveDirectory(directory);
  const all = exchange.all(JSON.stringify(found)).map((text) => JSON.parse(text) as Found);
  const costs = layout.buses.flatMap(({ name, carrier }, bus) => {
    const cost = middle(all.flatMap((one) => one[bus] ?? []));
    return Number.isNaN(cost.alpha) ? [] : [[name, { ...usualCost[carrier], ...cost }] as const];
  });
  return new Map(costs);
}

/** Of several pairs. */
function middle(pairs: readonly Cost[]): Cost {
  const rounded = (values: readonly number[]) => Number(median(values).toPrecision(4));
  const betas = pairs.flatMap(({ beta }) => beta ?? []);
  return {
    alpha: rounded(pairs.map(({ alpha }) => alpha)),
    ...(betas.length > 0 && { beta: rounded(betas) }),
  };
}
