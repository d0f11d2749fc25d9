/**
 * From a launcher's word to a rank's port: a bus in shared memory where all ranks are on it, else ports on all buses that join
 * them, with routes over all of these.
 */

import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { Topology } from '../mpi/collective/topology.ts';
import { MpiError } from '../mpi/errors.ts';
import { RoutedPort } from '../mpi/fabric/routed-port.ts';
import type { Placement } from '../mpi/placement.ts';
import type { ProcessManager } from '../mpi/pmi/process-manager.ts';
import { realClock } from '../time/clock.ts';
import { openDirectory } from '../transport/shm/claim.ts';
import { Absences } from './absences.ts';
import { Exchange } from './exchange.ts';
import { explainLines } from './explain.ts';
import { FileManager } from './file-manager.ts';
import { ForwarderThread } from './forwarder.ts';
import { type Host, hostsOf, type Introduction } from './hosts.ts';
import { introduce } from './introduce.ts';
import { isOneBus, type Layout, networkOf } from './layout.ts';
import { measure } from './measure.ts';
import { busDirectory, type JoinOptions, type Membership, sweepBus, together } from './membership.ts';
import { neighbourhood } from './neighbourhood.ts';
import { Places, processOf } from './places.ts';
import { type Costs, profileKey, profilePath, readProfile, writeProfile } from './profile.ts';
import { type Doors, type RailSettings, Rails } from './rails.ts';
import { readWishes, type Wishes, wantsNetwork } from './wishes.ts';

const warn = (line: string) => void writeSync(2, `ipscsi: ${line}\n`);

/** The one that ranks of this placement speak to; undefined: there is none, and none is needed. @throws MpiError */
function managerOf(
  { launcher, pmi, rank, size, directory }: Placement,
  wishes: Wishes,
): ProcessManager | undefined {
  if (pmi) return size > 1 ? pmi : undefined;
  if (size === 1 || !wantsNetwork(wishes)) return undefined;
  if (launcher === 'ipscsi') return new FileManager({ directory, rank, size });
  throw new MpiError('ERR_OTHER', 'routes need a process manager that speaks PMI: srun --mpi=pmi2');
}

/** Joins the job. @throws MpiError, BusError, SystemError */
export function joinJob(options: JoinOptions): Membership {
  const { placement, env } = options;
  const wishes = readWishes(env);
  const manager = managerOf(placement, wishes);
  if (!manager) return together(options, { collectives: options.manners });
  return new Joining(options, wishes, new Exchange(manager)).run();
}

class Joining {
  readonly #options: JoinOptions;
  readonly #wishes: Wishes;
  readonly #exchange: Exchange;

  constructor(options: JoinOptions, wishes: Wishes, exchange: Exchange) {
    this.#options = options;
    this.#wishes = wishes;
    this.#exchange = exchange;
  }

  run(): Membership {
    const { placement, manners } = this.#options;
    const { rank, directory } = placement;
    const { layout: given, carriers, explain, patienceMs } = this.#wishes;
    const { hosts, secret } = this.#meet();
    const layout = given ?? neighbourhood(hosts, carriers);
    if (layout.size !== placement.size)
      throw new MpiError(
        'ERR_OTHER',
        `the route file is for ${layout.size} ranks, and these are ${placement.size}`,
      );
    const alone = !given && isOneBus(layout);
    if (alone && !explain) return together(this.#options, { collectives: manners });
    openDirectory(directory);
    const settings: RailSettings = {
      places: new Places(layout, hosts),
      ...{ directory, secret, patienceMs, clock: realClock },
    };
    const { costs, origin } = this.#costs(settings);
    const known = withCosts(layout, costs);
    const topology: Topology = { groups: groupsOf(known), collectives: manners };
    if (explain && rank === 0)
      writeAll(explainLines({ layout: known, groups: topology.groups ?? [], manners, origin }));
    if (alone) return together(this.#options, topology);
    return this.#connect({ ...settings, places: new Places(known, hosts) }, topology);
  }

  /** Who is where; and what rank 0 has made up for all. */
  #meet(): { readonly hosts: Host[]; readonly secret: string } {
    const { rank, directory } = this.#options.placement;
    const own = {
      ...introduce(directory, this.#wishes),
      ...(rank === 0 && { secret: randomBytes(32).toString('hex') }),
    };
    const all = this.#exchange.all(JSON.stringify(own)).map((text) => JSON.parse(text) as typeof own);
    return { hosts: hostsOf(all satisfies Introduction[]), secret: all[0]?.secret ?? '' };
  }

  /** As a route file has them, as they are remembered, or as they are now. */
  #costs(settings: RailSettings): { readonly costs: Costs; readonly origin: string } {
    const { env, placement } = this.#options;
    const { rank } = placement;
    const { layout: given, measure: anew } = this.#wishes;
    const { layout, hosts } = settings.places;
    if (given && !anew) return { costs: new Map(), origin: 'of the route file' };
    const [path, key] = [profilePath(env), profileKey(hosts, layout)];
    const remembered = rank === 0 && !anew ? readProfile(path, key, warn) : undefined;
    const [said = ''] = this.#exchange.all(remembered ? JSON.stringify([...remembered]) : '');
    if (said !== '') return { costs: new Map(JSON.parse(said)), origin: `measured before (${path})` };
    const costs = measure({ ...settings, rank, exchange: this.#exchange });
    if (rank === 0) writeProfile(path, key, costs, warn);
    return { costs, origin: 'measured now' };
  }

  #connect(settings: RailSettings, topology: Topology): Membership {
    const { placement, memory } = this.#options;
    const { rank } = placement;
    const { layout, hosts } = settings.places;
    const absences = new Absences(settings.places);
    const rails = new Rails({ ...settings, logger: (bus) => absences.logger(bus) }, rank, memory);
    const opened: Disposable[] = [rails];
    try {
      const threads = layout.names.flatMap((_, node) => {
        if (node < layout.size || processOf(layout, node) !== rank) return [];
        const { directory, secret, patienceMs } = settings;
        const thread = new ForwarderThread({ layout, hosts, node, directory, secret, patienceMs });
        opened.push(thread);
        return [thread];
      });
      const doors = this.#tellDoors([rails, ...threads]);
      for (const one of [rails, ...threads]) one.reach(doors);
      const port = new RoutedPort({
        ...{ node: rank, network: networkOf(layout), rails: rails.rails, ranks: layout.size },
        ...{ clock: settings.clock, patience: settings.patienceMs, bus: 'mpi' },
      });
      return {
        port,
        topology,
        absent: (ranks) => absences.of(ranks),
        settle: () => {
          for (const thread of threads) thread.linger();
        },
        close: () => {
          for (const thread of threads) thread[Symbol.dispose]();
          for (const bus of layout.buses.keys()) sweepBus(busDirectory(placement.directory, bus));
        },
      };
    } catch (error) {
      for (const one of opened) one[Symbol.dispose]();
      throw error;
    }
  }

  /** Where each node listens, by node. */
  #tellDoors(own: readonly { readonly node: number; readonly doors: Doors }[]): (Doors | undefined)[] {
    const said = own.map(({ node, doors }) => [node, doors] as const);
    const doors: (Doors | undefined)[] = [];
    for (const text of this.#exchange.all(JSON.stringify(said)))
      for (const [node, where] of JSON.parse(text) as typeof said) doors[node] = where;
    return doors;
  }
}

const withCosts = (layout: Layout, costs: Costs): Layout => ({
  ...layout,
  buses: layout.buses.map((bus) => ({ ...bus, ...costs.get(bus.name) })),
});

/** By rank: the number of its group. Ranks on a bus in shared memory are one. */
function groupsOf({ size, buses }: Layout): number[] {
  const shm = buses.filter(({ carrier }) => carrier === 'shm');
  return Array.from({ length: size }, (_, rank) => {
    const own = shm.findIndex(({ members }) => members.includes(rank));
    return own >= 0 ? own : shm.length + rank;
  });
}

function writeAll(lines: readonly string[]): void {
  let rest = Buffer.from(`${lines.join('\n')}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
}
