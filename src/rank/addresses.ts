/** The addresses at which other hosts may reach a rank. Pure: what the machine has comes as an argument. */

import type { NetworkInterfaceInfo } from 'node:os';
import { formatIP, type Prefix, parseIP, parsePrefix } from '../bytes/addresses.ts';
import { contains, networkOf } from '../bytes/subnets.ts';
import { MpiError } from '../mpi/errors.ts';

/** An address of a host and the IP network that it lies in. */
export interface HostAddress {
  /** "10.0.0.1" */
  readonly address: string;
  /** "10.0.0.0/24" */
  readonly network: string;
  /** It leads back to the machine itself. */
  readonly loopback: boolean;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** More of them are of no use. */
const mostAddresses = 8;

/** IPv6 only where an interface has nothing else: both families on a wire would be taken for two wires. */
function ofInterface(infos: readonly NetworkInterfaceInfo[]): NetworkInterfaceInfo[] {
  const reachable = infos.filter((one) => one.cidr !== null && !one.scopeid);
  const v4 = reachable.filter(({ family }) => family === 'IPv4');
  return v4.length > 0 ? v4 : reachable;
}

function hostAddress({ cidr, internal }: NetworkInterfaceInfo): HostAddress & { readonly prefix: Prefix } {
  const prefix = parsePrefix(cidr ?? '');
  return { prefix, address: formatIP(prefix.address), network: networkOf(prefix), loopback: internal };
}

/** "10.0.0.1" as itself, "10.0.0.0/24" as all that lie in it. @throws MpiError */
function wish(text: string): (prefix: Prefix) => boolean {
  try {
    const network = text.includes('/') ? parsePrefix(text) : undefined;
    if (network) return ({ address }) => contains(network, address);
    const wanted = parseIP(text);
    return ({ address }) => Buffer.compare(address, wanted) === 0;
  } catch (cause) {
    throw new MpiError('ERR_OTHER', `IPSCSI_MPI_ADDRESSES: ${(cause as Error).message}`, { cause });
  }
}

/**
 * Those to be used, in the order of the wishes; `wanted` is a list of addresses and networks with commas between them.
 * Without it all of the machine. @throws MpiError when a wish is nonsense, or none of them is fulfilled
 */
export function usableAddresses(interfaces: Interfaces, wanted: string | undefined): HostAddress[] {
  const all = Object.values(interfaces).flatMap((infos) => ofInterface(infos ?? []).map(hostAddress));
  const wishes = (wanted ?? '').split(',').filter((text) => text.trim() !== '');
  const found =
    wishes.length === 0
      ? all
      : wishes.map((text) => wish(text.trim())).flatMap((fits) => all.filter(({ prefix }) => fits(prefix)));
  if (wishes.length > 0 && found.length === 0)
    throw new MpiError(
      'ERR_OTHER',
      `IPSCSI_MPI_ADDRESSES=${wanted}: this host has none of them, but ${all.map(({ address }) => address).join(', ')}`,
    );
  const different = new Map(
    found.map(({ address, network, loopback }) => [address, { address, network, loopback }]),
  );
  return [...different.values()].slice(0, mostAddresses);
}
