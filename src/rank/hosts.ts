/** Which ranks are together on which host: found from what each says of itself. Pure. */

import type { HostAddress } from './addresses.ts';

/** What a rank says of where it is. */
export interface Introduction {
  /** Its host's name. */
  readonly host: string;
  /** The same for ranks that can share memory, another for all others. */
  readonly machine: string;
  /** Where their buses in shared memory lie. */
  readonly directory: string;
  readonly addresses: readonly HostAddress[];
}

export interface Host {
  /** Another for each host. */
  readonly name: string;
  /** In rising order. */
  readonly ranks: readonly number[];
  readonly addresses: readonly HostAddress[];
}

/** The hosts, by their lowest ranks. */
export function hostsOf(introductions: readonly Introduction[]): Host[] {
  const found = new Map<string, { first: Introduction; ranks: number[] }>();
  for (const [rank, one] of introductions.entries()) {
    const key = JSON.stringify([one.machine, one.directory]);
    const host = found.get(key);
    if (host) host.ranks.push(rank);
    else found.set(key, { first: one, ranks: [rank] });
  }
  const taken = new Set<string>();
  return [...found.values()].map(({ first: { host, addresses }, ranks }) => {
    let name = host;
    for (let count = 2; taken.has(name); count++) name = `${host}-${count}`;
    taken.add(name);
    return { name, ranks, addresses };
  });
}
