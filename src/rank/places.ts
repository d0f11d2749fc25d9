/** Where the ports of a layout are: on which hosts, at which addresses, in which directories. Pure. */

import { parseIP, parsePrefix } from '../bytes/addresses.ts';
import { contains } from '../bytes/subnets.ts';
import { MpiError } from '../mpi/errors.ts';
import type { HostAddress } from './addresses.ts';
import type { Host } from './hosts.ts';
import type { Layout, LayoutBus } from './layout.ts';

export class Places {
  readonly layout: Layout;
  readonly hosts: readonly Host[];
  /** By node. */
  readonly #hostOf: readonly Host[];
  /** By bus and host: the address at which its iSCSI ports listen. */
  readonly #addresses: readonly ReadonlyMap<Host, string>[];

  /** @throws MpiError: the layout does not fit the hosts */
  constructor(layout: Layout, hosts: readonly Host[]) {
    this.layout = layout;
    this.hosts = hosts;
    const processes = layout.names.map((_, node) => processOf(layout, node));
    this.#hostOf = processes.map((rank) => hosts.find(({ ranks }) => ranks.includes(rank)) as Host);
    this.#addresses = layout.buses.map((bus) => {
      if (bus.carrier === 'iscsi') return this.#listen(bus);
      this.#checkMemory(bus);
      return new Map<Host, string>();
    });
  }

  hostOf(node: number): Host {
    return this.#hostOf[node] as Host;
  }

  /** Where a node listens on an iSCSI bus. */
  address(bus: number, node: number): string {
    return this.#addresses[bus]?.get(this.hostOf(node)) ?? '';
  }

  #around(bus: LayoutBus): Host[] {
    return [...new Set(bus.members.map((node) => this.hostOf(node)))];
  }

  #checkMemory(bus: LayoutBus): void {
    const [first, other] = this.#around(bus);
    if (other === undefined) return;
    const example = (host: Host | undefined) =>
      `${this.layout.names[bus.members.find((node) => this.hostOf(node) === host) ?? -1]} on ${host?.name}`;
    throw new MpiError(
      'ERR_OTHER',
      `bus ${bus.name} is in shared memory, but joins ${example(first)} with ${example(other)}`,
    );
  }

  #listen(bus: LayoutBus): ReadonlyMap<Host, string> {
    const hosts = this.#around(bus);
    const fits = chooser(bus, hosts);
    return new Map(
      hosts.map((host) => {
        const found = host.addresses.find(fits);
        if (found) return [host, found.address];
        throw new MpiError(
          'ERR_OTHER',
          `bus ${bus.name}: ${host.name} has no address${bus.network === undefined ? '' : ` in ${bus.network}`}`,
        );
      }),
    );
  }
}

/** Which of a host's addresses a bus uses. @throws MpiError */
function chooser({ name, network }: LayoutBus, hosts: readonly Host[]): (one: HostAddress) => boolean {
  if (network !== undefined) {
    try {
      const prefix = parsePrefix(network);
      return ({ address }) => contains(prefix, parseIP(address));
    } catch (cause) {
      throw new MpiError('ERR_OTHER', `bus ${name}: ${(cause as Error).message}`, { cause });
    }
  }
  const [first] = hosts;
  if (hosts.length === 1 && first?.addresses.some(({ loopback }) => loopback))
    return ({ loopback }) => loopback;
  const common = first?.addresses.find(
    (one) =>
      !one.loopback &&
      hosts.every(({ addresses }) => addresses.some((other) => other.network === one.network)),
  );
  return common ? (one) => one.network === common.network : ({ loopback }) => !loopback;
}

/** The rank in whose process a node lives. */
export const processOf = ({ size, forwarders }: Layout, node: number): number =>
  node < size ? node : (forwarders[node - size] ?? 0);

/**
 * The nodes that measure a bus: for each host one, for a bus within one host two, of different processes. They are told
 * from each other by their ranks.
 */
export function probersOf(places: Places, { members }: LayoutBus): number[] {
  const { layout } = places;
  const ranks = [...new Set(members.map((node) => processOf(layout, node)))].sort((a, b) => a - b);
  const heads = ranks.filter(
    (rank, i) => ranks.findIndex((one) => places.hostOf(one) === places.hostOf(rank)) === i,
  );
  return heads.length > 1 ? heads : ranks.slice(0, 2);
}
