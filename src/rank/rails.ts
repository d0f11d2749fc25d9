/**
 * A node's ports, one for each of its buses. They listen before anybody is told where, and look for the others when
 * everybody has told. A node is logged in to by those whose secrets are made of the job's.
 */

import { createHmac } from 'node:crypto';
import { railMemory } from '../mpi/fabric/buffers.ts';
import type { RailOptions } from '../mpi/fabric/rail.ts';
import type { Logger } from '../observe/logger.ts';
import type { Clock } from '../time/clock.ts';
import { formatPortal } from '../transport/iscsi/addresses.ts';
import { ChapAlgorithm } from '../transport/iscsi/chap.ts';
import { IscsiPort } from '../transport/iscsi/port.ts';
import { openShmPort } from '../transport/shm/port.ts';
import { busDirectory } from './membership.ts';
import type { Places } from './places.ts';

/** What a rail's ports have in common. */
export interface RailSettings {
  readonly places: Places;
  /** The job's directory on this host. */
  readonly directory: string;
  /** Nobody else knows it. */
  readonly secret: string;
  readonly clock: Clock;
  /** Told of who can't be reached on a bus. */
  readonly logger?: (bus: number) => Logger;
  /** Milliseconds that a way may be silent before it is given up; half of it if TCP alone has to notice. */
  readonly patienceMs: number;
}

/** Where a node listens: TCP ports by bus. */
export type Doors = Readonly<Record<string, number>>;

const retry = { first: 50, most: 1000 } as const;
/**
 * Ranks that compute answer nothing, however long: they are not asked whether they are there. The kernel tells of a process
 * that has ended, and of what nobody has acknowledged.
 */
const timeouts = { login: 15_000, ping: 0, pong: 0 } as const;

/** Names have only what RFC 3722 leaves as it is. */
const nameOf = (bus: number, node: number): string => `iqn.2026-01.org.ipscsi:mpi.${bus}.${node}`;
const nodeOf = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? Number.NaN);

export class Rails implements Disposable {
  readonly node: number;
  readonly rails: readonly RailOptions[];
  readonly #settings: RailSettings;
  readonly #iscsi = new Map<number, IscsiPort>();

  /** `memory`: bytes for allocate() of the first port in shared memory, beside those for packets. @throws BusError, SystemError */
  constructor(settings: RailSettings, node: number, memory: number) {
    this.node = node;
    this.#settings = settings;
    const rails: RailOptions[] = [];
    try {
      for (const [bus, { carrier, members }] of settings.places.layout.buses.entries()) {
        if (!members.includes(node)) continue;
        const passthrough = carrier === 'shm';
        const more = rails.some((rail) => rail.passthrough) ? 0 : memory;
        const port = passthrough ? this.#openShm(bus, railMemory + more) : this.#openIscsi(bus);
        rails.push({ port, bus, passthrough });
      }
    } catch (error) {
      for (const { port } of rails) port[Symbol.dispose]();
      throw error;
    }
    this.rails = rails;
  }

  get #nodes(): number {
    return this.#settings.places.layout.names.length;
  }

  #openShm(bus: number, memory: number) {
    const { directory, places } = this.#settings;
    const { size } = places.layout;
    return openShmPort({
      directory: busDirectory(directory, bus),
      bus: `mpi-${bus}`,
      id: this.node,
      width: Math.max(2, this.#nodes),
      hostName: this.node < size ? `rank ${this.node}` : `forwarder ${this.node - size}`,
      memory,
      replySlots: 2,
      far: true,
    });
  }

  #openIscsi(bus: number): IscsiPort {
    const { places, clock, logger, patienceMs } = this.#settings;
    const others = new Set(places.layout.buses[bus]?.members);
    others.delete(this.node);
    const own = nameOf(bus, this.node);
    const users = new Map(
      [...others].map((node) => [nameOf(bus, node), this.#proof(nameOf(bus, node), own)]),
    );
    const port = new IscsiPort({
      ...{ bus: `mpi-${bus}`, id: this.node, width: Math.max(2, this.#nodes), name: own },
      ...{ retry, timeouts, clock, tcp: { unacknowledged: Math.ceil(patienceMs / 2) } },
      ...(logger && { logger: logger(bus) }),
      idOf: (initiator) => (users.has(initiator) ? nodeOf(initiator) : undefined),
      served: {
        chap: {
          users,
          binds: (user, initiator) => user === initiator,
          algorithms: [ChapAlgorithm.sha256],
        },
      },
    });
    try {
      port.listen(formatPortal({ host: places.address(bus, this.node), port: 0 }));
    } catch (error) {
      port[Symbol.dispose]();
      throw error;
    }
    this.#iscsi.set(bus, port);
    return port;
  }

  /** What an initiator proves itself by to a target: of no use to the target, or to other initiators. */
  #proof(initiator: string, target: string): string {
    return createHmac('sha256', this.#settings.secret).update(`${initiator} ${target}`).digest('hex');
  }

  get doors(): Doors {
    return Object.fromEntries([...this.#iscsi].map(([bus, { portals }]) => [bus, portals[0]?.port ?? 0]));
  }

  /** Looks for all others. `doors`: by node. */
  reach(doors: readonly (Doors | undefined)[]): void {
    const { places } = this.#settings;
    for (const [bus, port] of this.#iscsi)
      for (const node of places.layout.buses[bus]?.members ?? []) {
        const tcp = doors[node]?.[bus];
        if (node === this.node || tcp === undefined) continue;
        const target = nameOf(bus, node);
        port.reach(node, {
          target,
          portal: formatPortal({ host: places.address(bus, node), port: tcp }),
          chap: {
            name: nameOf(bus, this.node),
            secret: this.#proof(nameOf(bus, this.node), target),
            algorithms: [ChapAlgorithm.sha256],
          },
        });
      }
  }

  [Symbol.dispose](): void {
    for (const { port } of this.rails) port[Symbol.dispose]();
  }
}
