/**
 * The network that ranks find themselves in: a bus in shared memory for each host, a bus of iSCSI sessions for each IP
 * network that joins hosts, and forwarders where they are of use. Pure: all ranks find the same.
 */

import { MpiError } from '../mpi/errors.ts';
import type { HostAddress } from './addresses.ts';
import type { Host } from './hosts.ts';
import { type CarrierKind, checkNodes, type Layout, type LayoutBus, usualCost } from './layout.ts';

/** Members are ranks; forwarders join later. */
type Drawn = Pick<LayoutBus, 'name' | 'carrier' | 'network' | 'members'> & {
  readonly hosts: readonly Host[];
};

const ranksOf = (hosts: readonly Host[]) => hosts.flatMap(({ ranks }) => ranks).sort((a, b) => a - b);
const onIscsi = (name: string, network: string | undefined, hosts: readonly Host[]): Drawn => ({
  name,
  carrier: 'iscsi',
  network,
  members: ranksOf(hosts),
  hosts,
});

/** IP networks with the hosts that have an address in them. */
function networksOf(hosts: readonly Host[]): Map<string, Host[]> {
  const found = new Map<string, Map<string, Host>>();
  const ambiguous = new Set<string>();
  for (const host of hosts)
    for (const { address, network, loopback } of host.addresses) {
      if (loopback) continue;
      const there = found.get(network) ?? new Map<string, Host>();
      found.set(network, there);
      const other = there.get(address);
      // Bridges of virtual machines have the same address everywhere: they join nobody.
      if (other && other !== host) ambiguous.add(network);
      there.set(address, host);
    }
  return new Map(
    [...found]
      .filter(([network]) => !ambiguous.has(network))
      .map(([network, there]) => [network, [...new Set(there.values())]]),
  );
}

/** Every host can be reached from the first, over any number of buses. */
function connected(hosts: readonly Host[], buses: readonly Drawn[]): boolean {
  const reached = new Set(hosts.slice(0, 1));
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const bus of buses)
      if (bus.hosts.some((host) => reached.has(host))) for (const host of bus.hosts) reached.add(host);
  }
  return reached.size === hosts.length;
}

const firstAddress = ({ addresses }: Host): HostAddress | undefined =>
  addresses.find(({ loopback }) => !loopback);

/** Hosts in different IP networks, between which routers of IP stand. */
function routed(hosts: readonly Host[]): Drawn[] {
  const lonely = hosts.filter((host) => firstAddress(host) === undefined);
  if (lonely.length === 0) return [onIscsi('ip', undefined, hosts)];
  throw new MpiError(
    'ERR_OTHER',
    `${lonely.map(({ name }) => name).join(', ')}: no address by which other hosts could reach it`,
  );
}

function iscsiBuses(hosts: readonly Host[]): Drawn[] {
  const [only] = hosts;
  if (only && hosts.length === 1) {
    const given = only.addresses.find(({ loopback }) => loopback) ?? only.addresses[0];
    if (given) return [onIscsi(given.network, given.network, hosts)];
    throw new MpiError('ERR_OTHER', `${only.name} has no address`);
  }
  const found = [...networksOf(hosts)]
    .filter(([, there]) => there.length > 1)
    .map(([network, there]) => onIscsi(network, network, there))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return connected(hosts, found) ? found : [...found, ...routed(hosts)];
}

const shmBuses = (hosts: readonly Host[]): Drawn[] =>
  hosts
    .filter(({ ranks }) => ranks.length > 1)
    .map((host) => ({
      name: host.name,
      carrier: 'shm',
      network: undefined,
      members: host.ranks,
      hosts: [host],
    }));

/** Two hosts have no common bus, or there is a third by which a way leads round a bus that fails. */
function needForwarders(hosts: readonly Host[], buses: readonly Drawn[]): boolean {
  const joined = (one: Host, other: Host) =>
    buses.some((bus) => bus.hosts.includes(one) && bus.hosts.includes(other));
  return hosts.length > 2 || (hosts.length === 2 && !joined(hosts[0] as Host, hosts[1] as Host));
}

/** `wanted`: carriers that may be used; undefined: shared memory within hosts, iSCSI between them. @throws MpiError */
export function neighbourhood(hosts: readonly Host[], wanted: readonly CarrierKind[] | undefined): Layout {
  const ranks = ranksOf(hosts);
  const size = ranks.length;
  const shm = wanted?.includes('shm') ?? true;
  const iscsi = wanted?.includes('iscsi') ?? hosts.length > 1;
  const drawn = [...(shm ? shmBuses(hosts) : []), ...(iscsi && size > 1 ? iscsiBuses(hosts) : [])];
  if (!iscsi && hosts.length > 1)
    throw new MpiError(
      'ERR_OTHER',
      `the ranks are on ${hosts.map(({ name }) => name).join(', ')}, and iscsi is not among the carriers`,
    );
  const hubs = needForwarders(hosts, drawn) ? hosts : [];
  const buses = drawn.map(({ hosts: there, ...bus }): LayoutBus => {
    const forwarders = hubs.flatMap((hub, i) => (there.includes(hub) ? [size + i] : []));
    return { ...bus, ...usualCost[bus.carrier], shared: false, members: [...bus.members, ...forwarders] };
  });
  return checkNodes({
    size,
    names: [...ranks.map(String), ...hubs.map(({ name }) => `at ${name}`)],
    buses,
    forwarders: hubs.map((hub) => hub.ranks[0] ?? 0),
    paths: [],
  });
}
